"""`GET /api/v1/events`: filtered in bounded scans, and followed without a gap."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from deploy.admin.following import FOLLOWERS_MAX, Following
from deploy.admin.log_pages import LOOKED_AT_MAX, LogPages, Page, sieve
from tests.deploy.living import Living, event, living


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    async with living(tmp_path) as one:
        yield one


async def listed(headrace: Living, query: str) -> Any:
    got = await headrace.get(f"/api/v1/events?{query}")
    assert got.status == 200, got.body
    return got.json


async def test_a_filter_shows_only_what_it_matches_newest_first(headrace: Living) -> None:
    await headrace.publish(*(event(n, "odd" if n % 2 else "even") for n in range(20)))

    page = await listed(headrace, f"limit=3&filter={quote('type = ' + repr('odd'))}")

    assert [item["id"] for item in page["items"]] == ["19", "17", "15"]
    assert page["next"] == 16


async def test_pages_of_a_filter_show_everything_once(headrace: Living) -> None:
    await headrace.publish(*(event(n, "odd" if n % 2 else "even") for n in range(1200)))
    seen: list[int] = []
    cursor: str | None = ""

    while cursor is not None:
        page = await listed(headrace, f"limit=70&filter={quote('id LIKE ' + repr('%7'))}{cursor}")
        seen += [int(item["id"]) for item in page["items"]]
        cursor = None if page["next"] is None else f"&cursor={page['next']}"

    assert seen == [n for n in reversed(range(1200)) if n % 10 == 7]


async def test_a_page_looks_at_a_bounded_number_of_events(headrace: Living) -> None:
    await headrace.publish(*(event(n) for n in range(LOOKED_AT_MAX + 600)))

    first = await listed(headrace, f"filter={quote('id = ' + repr('7'))}")
    second = await listed(headrace, f"filter={quote('id = ' + repr('7'))}&cursor={first['next']}")

    assert (first["items"], first["looked_at"]) == ([], LOOKED_AT_MAX)
    assert [item["id"] for item in second["items"]] == ["7"]
    assert (second["looked_at"], second["next"]) == (600, None)


async def test_a_bad_filter_is_refused_with_its_column(headrace: Living) -> None:
    got = await headrace.get("/api/v1/events?filter=type%20=")

    assert (got.status, got.json["where"]) == (400, "filter, column 7")


async def test_going_on_and_going_back_at_once_is_refused(headrace: Living) -> None:
    got = await headrace.get("/api/v1/events?after=1&cursor=2")

    assert (got.status, got.json["where"]) == (400, "after")


async def test_after_an_offset_events_come_oldest_first(headrace: Living) -> None:
    await headrace.publish(*(event(n) for n in range(10)))

    page = await listed(headrace, "after=4&limit=3")
    rest = await listed(headrace, f"after={page['next']}")

    assert [item["offset"] for item in page["items"]] == [5, 6, 7]
    assert [item["offset"] for item in rest["items"]] == [8, 9, 10]
    assert rest["next"] == 10


async def test_a_follower_is_answered_when_an_event_is_stored(headrace: Living) -> None:
    waiting = asyncio.create_task(listed(headrace, "after=0&wait_seconds=20"))
    before = await listed(headrace, "after=0")

    await headrace.publish(event("late"))
    page = await waiting

    assert before["items"] == []

    assert [item["id"] for item in page["items"]] == ["late"]


async def test_a_follower_of_a_busy_log_misses_nothing_and_sees_nothing_twice(
    headrace: Living,
) -> None:
    async def publish() -> None:
        for batch in range(40):
            await headrace.publish(*(event(batch * 25 + n) for n in range(25)))

    async def follow(query: str) -> list[int]:
        seen: list[int] = []
        after = 0
        while after < 1000:
            page = await listed(headrace, f"after={after}&wait_seconds=5&limit=60{query}")
            seen += [item["offset"] for item in page["items"]]
            after = page["next"]
        return seen

    _, everything, some = await asyncio.gather(
        publish(), follow(""), follow(f"&filter={quote('id LIKE ' + repr('%0'))}")
    )

    assert everything == list(range(1, 1001))
    assert some == list(range(1, 1001, 10))


async def test_a_draining_process_lets_its_followers_go(headrace: Living) -> None:
    waiting = asyncio.create_task(listed(headrace, "after=0&wait_seconds=20"))
    await listed(headrace, "limit=1")
    headrace.process.running.is_draining = True

    page = await asyncio.wait_for(waiting, 10)

    assert (page["items"], page["next"]) == ([], 0)


async def test_beyond_the_bound_followers_are_answered_at_once(headrace: Living) -> None:
    following = Following(lambda: False)
    following.count = FOLLOWERS_MAX
    pages = LogPages(headrace.process.running.brokers["default/default"])

    page = await asyncio.wait_for(following.on(pages, 0, 10, sieve(None), 20.0), 10)

    assert page == Page([], 0, 0)
