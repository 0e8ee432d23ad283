"""Answers that a healthy API server gives seldom, or never."""

import asyncio
import time
from typing import Any

import orjson
import pytest
from aiohttp import web

from broker.errors import HeadraceError, Invalid, Unavailable
from sources.api_server.client import ANSWER_BYTES_MAX
from sources.api_server.options import ApiServerOptions, Direct, Selection
from sources.api_server.source import ApiServerSource
from sources.api_server.watching import LINE_BYTES_MAX
from sources.spec import SourceSpec
from tests.sources.api_server.odd_server import expired, listed, odd_server, stream, thing
from tests.sources.api_server.peer import spec_of
from tests.sources.inside import Inside


def spec_at(url: str) -> SourceSpec:
    things = (Selection("odd.example.com/v1", "Thing"),)
    return spec_of(ApiServerOptions(things, ("a",), mode="Resource", connection=Direct(url)))


def start(inside: Inside, url: str) -> None:
    spec = spec_at(url)
    inside.start(ApiServerSource(spec, inside.supplies), spec)


async def names_of(inside: Inside, count: int) -> list[str]:
    stored = await inside.until_stored(count)
    return [f"{one.event.type[-6:]} {one.event.attributes['name']}" for one in stored]


def line_of(kind: str, found: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": kind, "object": found}) + b"\n"


async def hold(request: web.BaseRequest) -> web.StreamResponse:
    return await stream(request)


async def test_a_list_that_expires_between_its_pages_begins_again(inside: Inside) -> None:
    tokens: list[str] = []

    async def lists(request: web.BaseRequest) -> web.StreamResponse:
        tokens.append(request.query.get("continue", ""))
        if tokens == ["", "more"]:
            return expired()
        return listed(thing("b")) if tokens[-1] else listed(thing("a"), token="more")

    async with odd_server(lists, hold) as url:
        start(inside, url)
        names = await names_of(inside, 2)
        await inside.stop()

    assert names == ["ce.add a", "ce.add b"]
    assert tokens == ["", "more", "", "more"]


async def test_a_page_that_is_too_large_is_asked_for_in_parts(inside: Inside) -> None:
    limits: list[int] = []
    large = "x" * (ANSWER_BYTES_MAX // 100)

    async def lists(request: web.BaseRequest) -> web.StreamResponse:
        limits.append(int(request.query["limit"]))
        first = int(request.query.get("continue", "0"))
        last = min(200, first + limits[-1])
        things = [thing(f"{number:03}", data=large) for number in range(first, last)]
        return listed(*things, token=str(last) if last < 200 else "")

    async with odd_server(lists, hold) as url:
        start(inside, url)
        names = await names_of(inside, 200)
        await inside.stop()

    assert len(set(names)) == 200
    assert limits == [500, 125, 31, 31, 31, 31, 31, 31, 31]


async def test_a_line_over_the_bound_is_listed_instead(inside: Inside) -> None:
    watched = 0

    async def lists(request: web.BaseRequest) -> web.StreamResponse:
        return listed(thing("a"), *([thing("b")] if watched else []), version=100 + watched)

    async def watches(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal watched
        watched += 1
        if watched > 1:
            return await stream(request)
        block = b"x" * 1024 * 1024
        return await stream(request, *[block] * (LINE_BYTES_MAX // len(block) + 1))

    async with odd_server(lists, watches) as url:
        start(inside, url)
        names = await names_of(inside, 2)
        await inside.until(lambda: watched == 2)
        await inside.stop()

    assert names == ["ce.add a", "ce.add b"]
    assert sum("listed instead" in notice for notice in inside.notices) == 1


async def test_watches_that_end_at_once_are_begun_more_and_more_slowly(inside: Inside) -> None:
    began: list[float] = []

    async def lists(request: web.BaseRequest) -> web.StreamResponse:
        return listed()

    async def watches(request: web.BaseRequest) -> web.StreamResponse:
        began.append(time.monotonic())
        return await stream(request, hold=False)

    async with odd_server(lists, watches) as url:
        start(inside, url)
        await inside.until(lambda: len(began) == 5)
        await inside.stop()

    assert began[4] - began[0] > 0.1 + 0.2 + 0.4 + 0.8  # the least that chance can make of it


async def test_an_expired_watch_in_a_good_answer_is_listed_again(inside: Inside) -> None:
    versions: list[str] = []

    async def lists(request: web.BaseRequest) -> web.StreamResponse:
        return listed(*([thing("a")] if not versions else []), version=100 + len(versions))

    async def watches(request: web.BaseRequest) -> web.StreamResponse:
        versions.append(request.query["resourceVersion"])
        error = {"kind": "Status", "message": "too old", "reason": "Expired", "code": 410}
        return await stream(request, *([line_of("ERROR", error)] if len(versions) == 1 else []))

    async with odd_server(lists, watches) as url:
        start(inside, url)
        names = await names_of(inside, 2)
        await inside.until(lambda: len(versions) == 2)
        await inside.stop()

    assert names == ["ce.add a", "delete a"]
    assert versions == ["100", "101"]


async def test_what_came_before_an_error_line_is_told(inside: Inside) -> None:
    async def lists(request: web.BaseRequest) -> web.StreamResponse:
        return listed()

    async def watches(request: web.BaseRequest) -> web.StreamResponse:
        added = line_of("ADDED", thing("a", version=101))
        return await stream(request, added + line_of("ERROR", {"message": "odd", "code": 500}))

    async with odd_server(lists, watches) as url:
        start(inside, url)
        with pytest.raises(Unavailable, match="odd"):
            await inside.until(lambda: False)

    assert await names_of(inside, 1) == ["ce.add a"]


async def test_a_server_that_is_behind_is_listed_again(inside: Inside) -> None:
    """As after a restore from a backup: a watch from the future would only be silent."""
    version = 500

    async def lists(request: web.BaseRequest) -> web.StreamResponse:
        return listed(thing("a", version), version=version)

    async with odd_server(lists, hold) as url:
        start(inside, url)
        await inside.until_stored(1)
        await inside.until(lambda: inside.connections == 1)
        await inside.stop()
        version = 300
        start(inside, url)
        names = await names_of(inside, 2)
        await inside.stop()

    assert names == ["ce.add a", "update a"]
    assert any("earlier version" in notice for notice in inside.notices)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (web.Response(text="<html>sign in</html>", content_type="text/html"), Unavailable),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), Invalid),
        (web.json_response({"items": []}), Unavailable),
        (web.json_response({"metadata": {"resourceVersion": "1"}, "items": [3]}), Unavailable),
        (web.json_response({"message": "bad selector"}, status=400), Invalid),
        (web.Response(status=503, text="later"), Unavailable),
    ],
    ids=["html", "redirect", "no version", "no object", "bad request", "overloaded"],
)
async def test_other_answers_are_errors_with_a_remedy(
    inside: Inside, answer: web.Response, kind: type[HeadraceError]
) -> None:
    async def lists(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers.copy())

    async with odd_server(lists, hold) as url:
        start(inside, url)
        assert inside.running is not None
        async with asyncio.timeout(10):
            await asyncio.wait((inside.running,))
        error = inside.running.exception()

    assert isinstance(error, kind)
    assert error.remedy
