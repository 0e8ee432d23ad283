"""When an answer is given up: before its first byte, in a pause, or with the whole attempt."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from sinks.addresses import EgressPolicy
from sinks.http_client import HttpClient
from sinks.inference.protocol import ModelAnswer, ModelRequest
from sinks.inference.server.caller import CUT, Called, Unanswered
from sinks.inference.server.http_caller import HttpCaller
from sinks.inference_spec import InferenceSinkSpec, LimitSpec, TimeoutSpec
from sinks.spec import Egress
from tests.sinks.server import Behaviour, Exchange, SinkServer
from tests.unhurried import UnhurriedClock

REQUEST = ModelRequest("/v1/chat/completions", (("content-type", "application/json"),), b"{}")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
PAUSE_SECONDS = 0.15
Call = Callable[..., Awaitable[Called]]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def speaking(pieces: int, ends: bool = True, silent_seconds: float = 0.0) -> Behaviour:
    """Pieces with pauses between them; one that does not end says nothing more."""

    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(silent_seconds)
        await exchange.send(HEAD)
        for number in range(pieces):
            await exchange.send(chunk(b"data: %d\n\n" % number))
            await asyncio.sleep(PAUSE_SECONDS)
        if not ends:
            await exchange.reader.read()
        await exchange.send(END)

    return behave


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    """Ask a server that behaves so, as a sink of such a spec would."""
    clock, servers = UnhurriedClock(), list[SinkServer]()
    client = HttpClient(clock)

    async def ask(
        behave: Behaviour, seconds: float = 60.0, is_waking: bool = False, **fields: object
    ) -> Called:
        servers.append(SinkServer(behave))
        await servers[-1].start()
        url = f"http://127.0.0.1:{servers[-1].port}"
        given = {"protocol": "openai", "url": url, **fields}
        spec = InferenceSinkSpec("default/m", **given)  # type: ignore[arg-type]
        caller = HttpCaller(
            spec, lambda one: client.pool(one, EgressPolicy(Egress())), clock, lambda: 0.0
        )
        await caller.get("", clock.monotonic() + 60.0)  # connects, so that no bound is for that
        request = replace(REQUEST, is_waking=is_waking)
        return await caller.post(request, clock.monotonic() + seconds)

    yield ask
    await client.close()
    for server in servers:
        await server.close()


async def test_a_stream_may_last_longer_than_the_longest_of_its_pauses(call: Call) -> None:
    timeouts = TimeoutSpec(first_byte_seconds=4.0, idle_seconds=4 * PAUSE_SECONDS)

    called = await call(speaking(pieces=6), timeouts=timeouts)

    assert isinstance(called, ModelAnswer)
    assert called.body.count(b"data:") == 6


async def test_a_stream_that_stops_is_given_up_after_idle(call: Call) -> None:
    called = await call(speaking(2, ends=False), timeouts=TimeoutSpec(idle_seconds=0.2))

    assert isinstance(called, Unanswered)
    assert (called.phase, called.was_sent) == ("timeout", True)
    assert called.message == "nothing more of the answer came for timeouts.idle, 0.2 s"


async def test_the_whole_attempt_ends_a_stream_that_goes_on(call: Call) -> None:
    called = await call(speaking(1000), seconds=0.4)

    assert isinstance(called, Unanswered)
    assert called.message == "the deadline passed before the answer was whole"


async def test_an_answer_that_does_not_begin_is_given_up_after_first_byte(call: Call) -> None:
    timeouts = TimeoutSpec(first_byte_seconds=0.2)

    called = await call(speaking(1, silent_seconds=60.0), timeouts=timeouts)

    assert isinstance(called, Unanswered)
    assert called.message == "nothing came within timeouts.firstByte, 0.2 s"


async def test_a_head_is_a_first_byte_too(call: Call) -> None:
    timeouts = TimeoutSpec(first_byte_seconds=3 * PAUSE_SECONDS)

    called = await call(speaking(pieces=6), timeouts=timeouts)

    assert isinstance(called, ModelAnswer)


async def test_a_model_that_wakes_may_take_longer_to_begin(call: Call) -> None:
    timeouts = TimeoutSpec(first_byte_seconds=0.1)

    called = await call(speaking(1, silent_seconds=0.4), is_waking=True, timeouts=timeouts)

    assert isinstance(called, ModelAnswer)


async def test_pauses_of_other_protocols_are_their_attempt_s_business(call: Call) -> None:
    timeouts = TimeoutSpec(idle_seconds=0.05)

    called = await call(speaking(3), protocol="v1", timeouts=timeouts)

    assert isinstance(called, ModelAnswer)


async def test_an_endless_stream_is_cut_at_the_largest_answer(call: Call) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.send(HEAD)
        while not exchange.writer.is_closing():
            await exchange.send(chunk(b"data: {}\n\n" * 100))

    called = await call(endless, limits=LimitSpec(max_response_bytes=10_000))

    assert isinstance(called, Unanswered)
    assert called.phase == CUT


async def test_a_connection_that_ends_within_a_stream_is_a_broken_answer(call: Call) -> None:
    async def breaking(exchange: Exchange) -> None:
        await exchange.send(HEAD + chunk(b"data: {}\n\n"))
        exchange.reset()

    called = await call(breaking)

    assert isinstance(called, Unanswered)
    assert (called.phase, called.was_sent) == ("read", True)
