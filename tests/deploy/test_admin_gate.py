"""What stands before every route: Host, Origin, token, media type, size; and on every answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import APIRouter

from deploy.access.roles import Role
from deploy.admin.access import Looker
from deploy.admin.app import ROUTERS
from deploy.admin.description import api_routes
from deploy.admin.gate import BODY_BYTES_MAX, Door, door_of
from tests.deploy.asking import Asking, ask, make_asking

NEW = {"name": "ci", "role": "admin"}
JSON = {"content-type": "application/json"}


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Asking]:
    asking = await make_asking(tmp_path)
    yield asking
    await asking.close()


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "", "[", "10.0.0.1"])
async def test_on_loopback_a_foreign_host_is_misdirected(admin: Asking, host: str) -> None:
    told = await admin.ask("GET", "/api/v1/brokers", headers={"host": host})

    assert (told.status, told.json["code"]) == (421, "wrong-host")


async def test_even_health_is_not_told_to_a_foreign_host(admin: Asking) -> None:
    told = await admin.ask("GET", "/healthz", headers={"host": "evil.test"})

    assert told.status == 421


def test_beyond_loopback_it_is_known_by_its_names_and_by_any_address() -> None:
    door = door_of("0.0.0.0", ["Admin.Example"])

    known = [door.knows(host) for host in ("admin.example", "0.0.0.0", "::1", "localhost")]
    strange = [door.knows(host) for host in ("evil.test", "1.2", "admin.example.evil", None)]

    assert (known, strange) == ([True] * 4, [False] * 4)


@pytest.mark.parametrize(
    "origin", ["http://evil.test", "null", "http://localhost:1", "file://localhost", "http://[", ""]
)
async def test_a_page_of_another_origin_changes_nothing(admin: Asking, origin: str) -> None:
    told = await admin.ask("POST", "/api/v1/tokens", NEW, {"origin": origin})

    assert (told.status, told.json["code"]) == (403, "foreign-origin")
    assert admin.book.tokens == []


@pytest.mark.parametrize("origin", [{}, {"origin": "http://localhost"}])
async def test_programs_and_own_pages_may_change(admin: Asking, origin: dict[str, str]) -> None:
    told = await admin.ask("POST", "/api/v1/tokens", NEW, origin)

    assert told.status == 200


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_verb_takes_json_only(admin: Asking, media_type: str) -> None:
    body = b'{"name": "ci", "role": "admin"}'

    told = await admin.ask("POST", "/api/v1/tokens", body, {"content-type": media_type})

    assert (told.status, told.json["code"]) == (415, "unsupported-format")
    assert admin.book.tokens == []


@pytest.mark.parametrize("chunks", [[b"x" * (BODY_BYTES_MAX + 1)], [b"x" * 70_000] * 20])
async def test_a_body_over_its_bound_is_413(admin: Asking, chunks: list[bytes]) -> None:
    headers = {"host": "localhost", **JSON}

    told = await ask(admin.app, "POST", "/api/v1/tokens", headers, chunks)

    assert (told.status, told.json["code"]) == (413, "too-large")


async def test_a_declared_length_is_refused_before_the_body_is_read(admin: Asking) -> None:
    headers = {"host": "localhost", "content-length": str(BODY_BYTES_MAX + 1), **JSON}

    told = await ask(admin.app, "POST", "/api/v1/tokens", headers, [])

    assert told.status == 413


async def test_every_answer_keeps_browsers_from_more_than_showing_it(admin: Asking) -> None:
    found = await admin.ask("GET", "/api/v1/brokers", headers={"origin": "http://evil.test"})
    lost = await admin.ask("GET", "/api/v1/nothing")
    foreign = await admin.ask("GET", "/", headers={"host": "evil.test"})

    for told in (found, lost, foreign):
        assert told.headers["x-content-type-options"] == "nosniff"
        assert told.headers["content-security-policy"].startswith("default-src 'none'")
        assert told.headers["cache-control"] == "no-store"
        assert not [name for name in told.headers if name.startswith("access-control-")]


async def test_a_preflight_of_a_foreign_page_is_allowed_nothing(admin: Asking) -> None:
    asked = {"origin": "http://evil.test", "access-control-request-method": "POST"}

    told = await admin.ask("OPTIONS", "/api/v1/tokens", headers=asked)

    assert told.status == 405
    assert not [name for name in told.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("query", ["limt=1", "limit=1&Limit=2", "broker=b&%00=1"])
async def test_a_misspelt_parameter_is_refused_with_those_there_are(
    admin: Asking, query: str
) -> None:
    told = await admin.ask("GET", f"/api/v1/audit?{query}")

    assert (told.status, told.json["code"]) == (400, "unknown-parameter")
    assert "cursor, limit" in told.json["remedy"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"name": 1, "role": "admin"}', b'{"nam": "x"}'])
async def test_a_body_that_is_not_the_verbs_is_400(admin: Asking, body: bytes) -> None:
    told = await admin.ask("POST", "/api/v1/tokens", body, JSON)

    assert (told.status, told.headers["content-type"]) == (400, "application/problem+json")
    assert told.json["where"].startswith("body")


async def test_a_defect_is_a_problem_that_quotes_nothing(admin: Asking) -> None:
    broken = APIRouter()

    @broken.get("/api/v1/broken")
    async def break_it(by: Looker) -> None:
        raise RuntimeError("canary-value")

    admin.app.include_router(broken)

    told = await admin.ask("GET", "/api/v1/broken")

    assert (told.status, told.json["code"]) == (500, "defect")
    ((name, fields),) = admin.signals
    assert (name, fields["path"]) == ("admin.failed", "/api/v1/broken")
    assert "canary" not in f"{told.body!r} {fields}"


def test_no_route_changes_anything_by_get() -> None:
    routes = [route for router in ROUTERS for route in api_routes(router)]

    verbs = {"pause", "resume", "seek", "end", "redrive", "discard", "restore", "revoke", "reload"}
    by_get = [
        route.path for route in routes
        if "GET" in (route.methods or ()) and route.path.rpartition("/")[2] in verbs
    ]  # fmt: skip

    assert routes
    assert by_get == []


async def test_where_everybody_is_local_the_door_beyond_stays_shut(tmp_path: Path) -> None:
    admin = await make_asking(tmp_path, Door(is_exposed=True))

    statuses = {
        path: (await admin.ask("GET", path)).status
        for path in ("/api/v1/brokers", "/metrics", "/healthz")
    }

    assert statuses == {"/api/v1/brokers": 401, "/metrics": 401, "/healthz": 200}
    await admin.close()


@pytest.mark.parametrize(
    ("door", "status"), [(Door(), 200), (door_of("127.0.0.1", ["admin.example"]), 401)]
)
async def test_metrics_are_open_only_where_nobody_comes_from_elsewhere(
    tmp_path: Path, door: Door, status: int
) -> None:
    admin = await make_asking(tmp_path, door)
    await admin.token("admin", Role.ADMIN)

    told = await admin.ask("GET", "/metrics")

    assert told.status == status
    await admin.close()
