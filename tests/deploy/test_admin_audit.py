"""The audit of all brokers and of the listener as one list that nothing changes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.errors import HeadraceError
from broker.storage.rows import Audit, Checkpoint
from deploy.access.roles import Role
from deploy.admin.app import ROUTERS
from deploy.admin.audit import merge, read_cursor, write_cursor
from deploy.admin.description import api_routes
from tests.deploy.asking import Asking, make_asking

BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)


def act(minutes: int, verb: str) -> Audit:
    return Audit(BEGINNING + timedelta(minutes=minutes), "ci", verb, "default/t")


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Asking]:
    asking = await make_asking(tmp_path)
    yield asking
    await asking.close()


async def commit(admin: Asking, *acts: Audit) -> None:
    done: asyncio.Future[HeadraceError | None] = asyncio.get_running_loop().create_future()
    log = admin.running.brokers["default/b"].engine.log
    log.checkpoint(Checkpoint(audit=acts), done.set_result)
    assert await done is None


async def test_acts_of_brokers_and_of_the_listener_are_one_list(admin: Asking) -> None:
    await commit(admin, act(1, "pause"), act(99, "resume"))
    text = await admin.token("admin", Role.ADMIN)

    items = (await admin.ask("GET", "/api/v1/audit", token=text)).json["items"]

    told = [(item["verb"], item["by"], item["broker"]) for item in items]
    assert told == [
        ("resume", "ci", "default/b"),
        ("sign-in", "admin", None),
        ("tokens.create", "local", None),
        ("pause", "ci", "default/b"),
    ]


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
async def test_pages_show_every_act_once(admin: Asking, limit: int) -> None:
    await commit(admin, *(act(n, f"b{n}") for n in range(20)))
    for n in range(10):
        await admin.book.record(act(2 * n, f"a{n}"))
    seen: list[str] = []
    query = ""

    while query is not None:
        page = (await admin.ask("GET", f"/api/v1/audit?limit={limit}{query}")).json
        seen += [item["verb"] for item in page["items"]]
        query = f"&cursor={page['next']}" if page["next"] else None  # type: ignore[assignment]

    assert sorted(seen) == sorted([f"b{n}" for n in range(20)] + [f"a{n}" for n in range(10)])
    assert len(seen) == 30


def test_a_clock_that_went_back_takes_no_act_out_of_its_order() -> None:
    pages = {"a": [(3, act(1, "after")), (2, act(9, "before"))], "b": [(1, act(5, "other"))]}

    merged = [act.verb for _, _, act in merge(pages, 10)]

    assert merged == ["other", "after", "before"]


@pytest.mark.parametrize("text", ["", "x", "bnVsbA==", "eyJhIjowfQ==", "eyJhIjoiYiJ9", "é", "=="])
async def test_a_cursor_that_no_list_gave_is_400(admin: Asking, text: str) -> None:
    told = await admin.ask("GET", f"/api/v1/audit?cursor={text}")

    assert (told.status, told.json["code"]) == (400, "bad-parameter")


def test_a_cursor_keeps_the_places_of_books_that_the_page_did_not_show() -> None:
    cursor = write_cursor({"a": 7, "b": 5}, [("b", 4, act(1, "x")), ("b", 3, act(0, "y"))])

    assert read_cursor(cursor) == {"a": 7, "b": 3}


def test_no_route_changes_the_audit() -> None:
    changing = [
        route.path
        for router in ROUTERS
        for route in api_routes(router)
        if "audit" in route.path and (route.methods or set()) != {"GET"}
    ]

    assert changing == []
