"""The same bytes are the same answer, and need no parser; any other bytes are read anew."""

import time
from email.utils import formatdate

from broker.delivery import Delivered, Failed
from tests.sinks.conftest import MakeSink, Serve
from tests.sinks.making import a_delivery
from tests.sinks.server import ACCEPTED, answering, with_body

BUSY = with_body("503 Busy", b"later")
CLOSING = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


async def statuses(sink_at: MakeSink, url: str, calls: int) -> list[int | None]:
    sink = sink_at(url)
    found: list[int | None] = []
    for _ in range(calls):
        (outcome,) = await sink.deliver([a_delivery()], time.monotonic() + 60.0)
        assert isinstance(outcome, Delivered | Failed)
        found.append(outcome.status)
    return found


async def test_a_repeated_answer_keeps_its_connection(sink_at: MakeSink, serve: Serve) -> None:
    server = await serve(answering(ACCEPTED))

    found = await statuses(sink_at, server.url, 4)

    assert found == [202] * 4
    assert {request.connection for request in server.requests} == {1}


async def test_another_answer_after_the_usual_one_is_read_for_what_it_says(
    sink_at: MakeSink, serve: Serve
) -> None:
    server = await serve(answering(ACCEPTED, ACCEPTED, BUSY, ACCEPTED, BUSY))

    assert await statuses(sink_at, server.url, 5) == [202, 202, 503, 202, 503]


async def test_the_usual_answer_with_bytes_behind_it_ends_the_connection(
    sink_at: MakeSink, serve: Serve
) -> None:
    server = await serve(answering(ACCEPTED, ACCEPTED, ACCEPTED + BUSY, ACCEPTED))

    found = await statuses(sink_at, server.url, 4)

    assert found == [202] * 4
    assert [request.connection for request in server.requests] == [1, 1, 1, 2]


async def test_an_answer_that_closes_is_never_taken_for_usual(
    sink_at: MakeSink, serve: Serve
) -> None:
    server = await serve(answering(CLOSING))

    await statuses(sink_at, server.url, 3)

    assert [request.connection for request in server.requests] == [1, 2, 3]


async def test_a_repeated_refusal_keeps_its_status_and_its_evidence(
    sink_at: MakeSink, serve: Serve
) -> None:
    server = await serve(answering(BUSY, BUSY, with_body("503 Busy", b"never"), BUSY))
    sink = sink_at(server.url)

    said = []
    for _ in range(4):
        (outcome,) = await sink.deliver([a_delivery()], time.monotonic() + 60.0)
        assert isinstance(outcome, Failed)
        said.append((outcome.status, outcome.evidence.body))

    assert said == [(503, b"later"), (503, b"later"), (503, b"never"), (503, b"later")]


async def test_a_refusal_that_names_a_time_is_judged_by_the_time_it_came(
    sink_at: MakeSink, serve: Serve
) -> None:
    soon = formatdate(time.time() + 100, usegmt=True)
    refusal = f"HTTP/1.1 503 Busy\r\nretry-after: {soon}\r\ncontent-length: 0\r\n\r\n".encode()
    sink = sink_at((await serve(answering(refusal, refusal))).url)

    (first,) = await sink.deliver([a_delivery()], time.monotonic() + 60.0)
    (second,) = await sink.deliver([a_delivery()], time.monotonic() + 60.0)

    assert isinstance(first, Failed)
    assert isinstance(second, Failed)
    assert 0 < (second.retry_after_seconds or 0) < (first.retry_after_seconds or 0)
