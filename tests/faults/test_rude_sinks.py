"""Sinks that break every rule of HTTP: each attempt ends as it must, and nothing is reused."""

import asyncio
import gzip
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from broker.codec import Limits
from broker.delivery import Delivered, Failed, Outcome, OutcomeClass, Reason
from sinks.http import HttpSink
from sinks.http_client import HttpClient
from sinks.spec import HttpSinkSpec
from tests.sinks.making import a_delivery, an_event
from tests.sinks.server import ACCEPTED, Behaviour, Exchange, SinkServer, answering, with_body
from tests.unhurried import UnhurriedClock

Deliver = Callable[..., Awaitable[tuple[Outcome, SinkServer]]]
EVENT = ("ce-specversion: 1.0", "ce-id: r", "ce-source: /r", "ce-type: t")
PATIENCE_SECONDS = 60.0


@pytest.fixture
async def deliver() -> AsyncIterator[Deliver]:
    """Deliver once to a sink that behaves so, then once more to see what is reused."""
    clock = UnhurriedClock()
    client = HttpClient(clock)
    servers: list[SinkServer] = []

    async def once(
        behave: Behaviour, seconds: float = PATIENCE_SECONDS, is_connected: bool = False
    ) -> tuple[Outcome, SinkServer]:
        server = SinkServer(behave)
        servers.append(server)
        await server.start()
        sink = HttpSink(HttpSinkSpec(server.url), client, clock, limits=Limits(event_bytes=65_536))
        if is_connected:
            await sink.probe()
        began = time.monotonic()
        (outcome,) = await sink.deliver([a_delivery()], clock.monotonic() + seconds)
        assert time.monotonic() - began < seconds + PATIENCE_SECONDS
        server.behave = answering(ACCEPTED)
        until = clock.monotonic() + PATIENCE_SECONDS
        (again,) = await sink.deliver([a_delivery(attempt=2)], until)
        assert isinstance(again, Delivered)
        return outcome, server

    yield once
    await client.close()
    for server in servers:
        await server.close()


def retried(outcome: Outcome, phase: str) -> bool:
    assert isinstance(outcome, Failed), outcome
    found = (outcome.outcome_class, outcome.status, outcome.evidence.phase)
    return found == (OutcomeClass.TRANSIENT, None, phase)


async def silence(_exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def trickle_head(exchange: Exchange) -> None:
    for byte in ACCEPTED:
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.1)


async def trickle_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        await exchange.send(b"x")
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("behave", [silence, trickle_head, trickle_body])
async def test_the_deadline_is_one_for_all(deliver: Deliver, behave: Behaviour) -> None:
    outcome, server = await deliver(behave, 0.4, is_connected=True)

    assert retried(outcome, "timeout")
    assert server.connections == 2


async def reset_after_reading(exchange: Exchange) -> None:
    exchange.reset()


async def reset_in_the_head(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 202 Acc")
    exchange.reset()


async def reset_in_the_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
    exchange.reset()


async def end_after_reading(exchange: Exchange) -> None:
    exchange.close()


async def half_close(exchange: Exchange) -> None:
    exchange.writer.write_eof()
    await asyncio.Event().wait()


async def end_in_the_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
    exchange.close()


async def end_in_a_chunk(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc")
    exchange.close()


@pytest.mark.parametrize(
    "behave",
    [
        reset_after_reading,
        reset_in_the_head,
        reset_in_the_body,
        end_after_reading,
        half_close,
        end_in_the_body,
        end_in_a_chunk,
    ],
)
async def test_a_broken_answer_is_retried(deliver: Deliver, behave: Behaviour) -> None:
    outcome, server = await deliver(behave)

    assert retried(outcome, "read")
    assert [request.headers["headrace-attempt"] for request in server.requests] == ["1", "2"]


@pytest.mark.parametrize(
    "answer",
    [
        b"it works\r\n",
        b"<html>it works</html>",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/0.9 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 2000 Odd\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\ncontent-length: 0\n\n",
        b"HTTP/1.1 200 OK\r\na: b\r\n folded\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 1_000 + ACCEPTED,
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 1_000_000 + b"\r\n\r\n",
    ],
    ids=lambda answer: repr(answer[:40]),
)
async def test_what_is_not_http_1_1_is_retried_on_another_connection(
    deliver: Deliver, answer: bytes
) -> None:
    outcome, server = await deliver(answering(answer))

    assert retried(outcome, "read")
    assert server.connections == 2


async def test_a_second_answer_closes_the_connection_and_is_never_read(deliver: Deliver) -> None:
    outcome, server = await deliver(answering(ACCEPTED + with_body("410 Gone", b"")))

    assert isinstance(outcome, Delivered)
    assert outcome.status == 202
    assert server.connections == 2


async def test_garbage_after_an_answer_closes_the_connection(deliver: Deliver) -> None:
    outcome, server = await deliver(answering(ACCEPTED + b"garbage"))

    assert isinstance(outcome, Delivered)
    assert server.connections == 2


async def test_an_answer_that_nobody_asked_for_closes_the_connection() -> None:
    clock = UnhurriedClock()
    client = HttpClient(clock)

    async def late(exchange: Exchange) -> None:
        await exchange.send(ACCEPTED)
        await asyncio.sleep(0.05)
        await exchange.send(with_body("410 Gone", b""))

    server = SinkServer(late)
    await server.start()
    sink = HttpSink(HttpSinkSpec(server.url), client, clock)
    await sink.deliver([a_delivery()], clock.monotonic() + PATIENCE_SECONDS)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while server.tasks:
            await asyncio.sleep(0.01)
    server.behave = answering(ACCEPTED)

    (outcome,) = await sink.deliver([a_delivery()], clock.monotonic() + PATIENCE_SECONDS)

    assert outcome.status == 202
    assert server.connections == 2
    await client.close()
    await server.close()


async def test_an_early_answer_counts_and_closes_the_connection() -> None:
    clock = UnhurriedClock()
    client = HttpClient(clock)

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(with_body("413 No", b""))
        await asyncio.Event().wait()

    server = SinkServer(answering(ACCEPTED), at_connect=greet)
    await server.start()
    sink = HttpSink(HttpSinkSpec(server.url), client, clock)
    big = a_delivery(an_event(b"x" * 16_000_000, datacontenttype="a/b"))
    (outcome,) = await sink.deliver([big], clock.monotonic() + PATIENCE_SECONDS)

    assert isinstance(outcome, Failed)
    assert (outcome.status, outcome.reason) == (413, Reason.REFUSED)
    assert server.connections == 1
    await client.close()
    await server.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(deliver: Deliver, status: int) -> None:
    canary = SinkServer(answering(ACCEPTED))
    await canary.start()

    outcome, _ = await deliver(answering(with_body(f"{status} Go", b"", f"location: {canary.url}")))

    assert isinstance(outcome, Failed)
    assert (outcome.status, outcome.reason) == (status, Reason.REFUSED)
    assert canary.connections == 0
    await canary.close()


async def endless(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        await exchange.send(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


async def endless_reply(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\n" + "\r\n".join(EVENT).encode() + b"\r\n\r\n")
    while True:
        await exchange.send(b"x" * 65_536)


async def ten_gigabytes(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 500 No\r\ncontent-length: 10737418240\r\n\r\n")
    while True:
        await exchange.send(b"x" * 65_536)


async def test_reading_stops_at_the_cap(deliver: Deliver) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    ignored, _ = await deliver(endless)
    too_large, _ = await deliver(endless_reply)
    refused, _ = await deliver(ten_gigabytes)

    assert isinstance(ignored, Delivered)
    assert ignored.ignored_body
    assert isinstance(too_large, Failed)
    assert too_large.reason is Reason.TOO_LARGE
    assert isinstance(refused, Failed)
    assert len(refused.evidence.body) == 4_096
    grown_kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kilobytes < 16 * 1_024


async def test_a_gzip_bomb_stays_packed(deliver: Deliver) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    headers = (*EVENT, "content-type: a/b", "content-encoding: gzip")

    outcome, _ = await deliver(answering(with_body("200 OK", bomb[:60_000], *headers)))

    assert isinstance(outcome, Delivered)
    assert outcome.reply is not None
    assert outcome.reply.data == bomb[:60_000]


async def test_a_2xx_with_any_other_body_is_delivered(deliver: Deliver) -> None:
    outcome, server = await deliver(answering(with_body("200 OK", b"thanks")))

    assert isinstance(outcome, Delivered)
    assert outcome.ignored_body
    assert server.connections == 1


async def test_a_malformed_reply_is_refused_and_kept_as_evidence(deliver: Deliver) -> None:
    outcome, _ = await deliver(answering(with_body("200 OK", b"x", EVENT[0])))

    assert isinstance(outcome, Failed)
    assert (outcome.status, outcome.reason) == (200, Reason.REPLY_REFUSED)
    assert ("ce-specversion", "1.0") in outcome.evidence.headers


@pytest.mark.parametrize(
    ("wish", "seconds"), [("3", 3.0), ("9" * 30, 999_999_999.0), ("-5", None), ("soon", None)]
)
async def test_a_wish_to_wait_is_read_or_ignored(
    deliver: Deliver, wish: str, seconds: float | None
) -> None:
    outcome, _ = await deliver(answering(with_body("503 Busy", b"", f"retry-after: {wish}")))

    assert isinstance(outcome, Failed)
    assert (outcome.status, outcome.retry_after_seconds) == (503, seconds)
