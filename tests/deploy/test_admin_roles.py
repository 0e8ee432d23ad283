"""Who may what: every route against every role, made from the routes themselves."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from deploy.access.roles import Role
from deploy.admin.app import ROUTERS
from deploy.admin.description import api_routes, role_of_route
from tests.deploy.asking import Asking, make_asking

OPEN = {"/healthz", "/readyz"}
ASKING = {
    "/api/v1/explain",  # looks only, at an event too large for a query
    "/api/v1/dead-letters/plans",  # an export's is for viewers: see test_export_api
}
ROUTES = [
    (method, route)
    for router in ROUTERS
    for route in api_routes(router)
    for method in sorted(route.methods or ())
]
NAMES = [f"{method} {route.path}" for method, route in ROUTES]
ADMIN_ONLY = {
    "GET /api/v1/tokens",
    "POST /api/v1/tokens",
    "POST /api/v1/tokens/{name}/revoke",
}


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Asking]:
    asking = await make_asking(tmp_path)
    yield asking
    await asking.close()


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=NAMES)
def test_every_route_names_the_role_it_needs(method: str, route: APIRoute) -> None:
    role = role_of_route(route)

    assert role is not None or route.path in OPEN, (
        f"{method} {route.path} is open to everybody; remedy: `by: Looker` or another of access"
    )
    if method != "GET" and route.path not in ASKING:
        assert role is not None
        assert role >= Role.OPERATOR, "what changes something is no looking"


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=NAMES)
async def test_each_role_is_let_in_where_it_reaches_and_nowhere_else(
    admin: Asking, method: str, route: APIRoute
) -> None:
    needed = role_of_route(route)
    target = re.sub(r"\{[^}]*\}", "nothing", route.path)
    body: object = None if method == "GET" else {}
    texts = {Role.ADMIN: await admin.token("admin", Role.ADMIN)}
    for role in list(Role)[:-1]:
        texts[role] = await admin.token(role.word, role)

    statuses = {
        role: (await admin.ask(method, target, body, token=text)).status
        for role, text in texts.items()
    }
    nobody = (await admin.ask(method, target, body)).status

    refused = {role for role, status in statuses.items() if status in (401, 403)}
    expected = {role for role in Role if needed is not None and role < needed}
    # A body that makes no sense is judged before the role: what is told then is only that.
    assert refused <= expected
    assert all(statuses[role] in (400, 403) for role in expected)
    assert nobody == (401 if needed is not None and route.path != "/metrics" else nobody)


async def test_a_route_that_forgot_its_role_is_nobodys(admin: Asking) -> None:
    forgetful = APIRouter()

    @forgetful.get("/api/v1/forgetful")
    async def show() -> dict[str, str]:
        return {"secret": "canary"}

    admin.app.include_router(forgetful)

    told = await admin.ask("GET", "/api/v1/forgetful")

    assert (told.status, told.json["code"]) == (403, "no-rule")


def test_tokens_are_the_admins_alone() -> None:
    needed = {name: role_of_route(route) for name, (_, route) in zip(NAMES, ROUTES, strict=True)}

    assert {needed[name] for name in ADMIN_ONLY} == {Role.ADMIN}


async def test_who_has_no_token_is_told_how_to_come_in(admin: Asking) -> None:
    await admin.token("admin", Role.ADMIN)

    told = await admin.ask("GET", "/api/v1/brokers")

    assert (told.status, told.json["code"]) == (401, "unauthorized")
    assert told.headers["www-authenticate"].startswith("Bearer ")
    assert "headrace tokens create" in told.json["remedy"]


async def test_who_may_not_is_told_which_role_may(admin: Asking) -> None:
    await admin.token("admin", Role.ADMIN)
    text = await admin.token("ci", Role.OPERATOR)

    told = await admin.ask("GET", "/api/v1/tokens", token=text)

    assert (told.status, told.json["code"]) == (403, "forbidden")
    assert told.json["detail"] == "ci has the role operator, and this takes admin"


async def test_without_a_token_a_path_that_is_none_says_no_more_than_others(admin: Asking) -> None:
    await admin.token("admin", Role.ADMIN)

    statuses = {(await admin.ask("GET", path)).status for path in ("/", "/x", "/api/openapi.json")}

    assert statuses == {401}


async def test_on_loopback_everybody_is_local_until_the_first_token(admin: Asking) -> None:
    before = await admin.ask("GET", "/api/v1/tokens")

    text = await admin.token("admin", Role.ADMIN)

    after = [(await admin.ask("GET", "/api/v1/tokens", token=one)).status for one in (None, text)]
    assert (before.status, after) == (200, [401, 200])
