"""Pages that go on: what a stream sends, to how many, and when it ends."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from fastapi import Request

from deploy.access.roles import LOCAL, Role
from deploy.console.live import (
    END,
    REPEAT_SECONDS,
    STREAMS_BY_SESSION_MAX,
    STREAMS_MAX,
    Look,
    Looking,
    Streams,
    Watched,
)
from tests.console.conftest import Reader
from tests.deploy.asking import Asking, scope_of
from tests.deploy.living import event

LOOK_SECONDS = 0.01
NO_JOBS: dict[str, object] = {"files": [], "replays": [], "redrives": []}


@pytest.fixture(autouse=True)
def _soon(admin: Asking) -> None:
    state = admin.app.state
    state.streams = Streams(admin.running, state.sessions, LOOK_SECONDS)


async def store(admin: Asking, id: str) -> None:
    done = asyncio.get_running_loop().create_future()
    admin.running.brokers["default/b"].intake.accept([event(id)], done.set_result)
    await done


async def test_what_lives_in_a_page_is_sent_again_when_it_has_changed(local: Reader) -> None:
    async with local.stream("/") as stream:
        first = await stream.next()
        await store(local.asking, "new")
        second = await stream.next()

    assert first is not None
    assert first.startswith("retry: 500\ndata: ")
    assert "0 events, ready" in first
    assert "<html" not in first
    assert "1 events, ready" in (second or "")


async def test_what_has_not_changed_is_sent_again_only_after_a_while(local: Reader) -> None:
    async with local.stream("/jobs") as stream:
        await stream.next()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(20 * LOOK_SECONDS):
                await stream.events.get()
        local.asking.clock.seconds += REPEAT_SECONDS
        again = await stream.next()

    assert "No job yet" in (again or "")


async def test_one_session_has_a_few_streams_and_the_next_page_asks_now_and_then(
    local: Reader,
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(STREAMS_BY_SESSION_MAX):
            opened = await stack.enter_async_context(local.stream("/jobs"))
            await opened.next()
        beyond = await stack.enter_async_context(local.stream("/jobs"))
        first, end = await beyond.next(), await beyond.next()

    assert (first or "").startswith("retry: 10000\ndata: ")
    assert "No job yet" in (first or "")
    assert end is None


async def test_a_stream_that_was_left_makes_room(local: Reader) -> None:
    for _ in range(STREAMS_BY_SESSION_MAX + 1):
        async with local.stream("/jobs") as stream:
            first = await stream.next()

    assert (first or "").startswith("retry: 500\n")


async def test_all_sessions_together_have_so_many_streams(admin: Asking) -> None:
    await admin.token("admin", Role.ADMIN)
    token = await admin.token("ann", Role.VIEWER)
    readers = [Reader(admin) for _ in range(STREAMS_MAX // STREAMS_BY_SESSION_MAX + 1)]

    async with AsyncExitStack() as stack:
        starts = []
        for reader in readers:
            await reader.sign_in(token)
            for _ in range(STREAMS_BY_SESSION_MAX):
                stream = await stack.enter_async_context(reader.stream("/jobs"))
                starts.append((await stream.next() or "").partition("\n")[0])

    given = ["retry: 500"] * STREAMS_MAX
    assert starts == given + ["retry: 10000"] * (len(starts) - STREAMS_MAX)


async def test_signing_out_ends_a_stream_and_the_next_asks_to_sign_in(operator: Reader) -> None:
    async with operator.stream("/") as stream:
        await stream.next()
        await operator.post("/sign-out")
        end = await stream.next()
    async with operator.stream("/", **{"hx-request": "true"}) as again:
        ended = await again.next()

    assert end is None
    assert (again.status, ended) == (401, None)


async def test_a_token_that_is_revoked_ends_its_streams(admin: Asking) -> None:
    await admin.token("admin", Role.ADMIN)
    reader = Reader(admin)
    await reader.sign_in(await admin.token("ann", Role.VIEWER))

    async with reader.stream("/") as stream:
        await stream.next()
        await admin.book.revoke("ann", "admin")
        end = await stream.next()

    assert end is None


async def test_a_drain_ends_all_streams(local: Reader) -> None:
    async with local.stream("/") as stream:
        await stream.next()
        local.asking.running.is_draining = True
        end = await stream.next()

    assert end is None


async def test_who_sends_a_token_and_no_cookie_is_told_once(admin: Asking) -> None:
    await admin.token("admin", Role.ADMIN)
    token = await admin.token("ann", Role.VIEWER)

    async with Reader(admin).stream("/jobs", authorization=f"Bearer {token}") as stream:
        first, end = await stream.next(), await stream.next()

    assert "No job yet" in (first or "")
    assert end is None


async def events_of(admin: Asking, first: Look, look: Looking) -> list[str]:
    """The stream of a page of jobs with what it looks at."""
    sessions = admin.app.state.sessions
    streams = Streams(admin.running, sessions, LOOK_SECONDS, patience_seconds=LOOK_SECONDS)
    asked = {"app": admin.app, "state": {"session": sessions.local, "principal": LOCAL}}
    request = Request(scope_of("GET", "/jobs", {}, "127.0.0.1") | asked)
    page = Watched(request, LOCAL, "jobs-live.html", look)
    return [text async for text in streams.follow(page, first)]


async def test_a_look_that_does_not_come_back_ends_its_stream(admin: Asking) -> None:
    first = Look(NO_JOBS)

    async def never() -> Look:
        await asyncio.Event().wait()
        return first

    events = await events_of(admin, first, never)

    assert len(events) == 1
    assert END not in events


async def test_the_end_of_what_is_shown_takes_away_what_asks(admin: Asking) -> None:
    ended = Look({**NO_JOBS, "more": 1}, has_ended=True)

    async def look() -> Look:
        return ended

    events = await events_of(admin, Look(NO_JOBS), look)

    assert len(events) == 3
    assert events[-1] == END


async def test_who_asks_again_after_the_end_is_told_that_it_was_the_end(admin: Asking) -> None:
    ended = Look(NO_JOBS, has_ended=True)

    async def look() -> Look:
        return ended

    first, end = await events_of(admin, ended, look)

    assert "No job yet" in first
    assert end == END
