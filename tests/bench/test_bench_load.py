"""Load and sinks over real sockets, the load going straight to the sink: no broker between."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.bench.ledger import Ledger
from tests.bench.load import Load, is_whole, until
from tests.bench.sink import Manner, Sinks

PATIENCE_SECONDS = 20.0


@pytest.fixture
async def direct() -> AsyncIterator[tuple[Load, Sinks]]:
    """Eight publishers connected to one good sink."""
    ledger = Ledger(sinks=1)
    sinks = Sinks(ledger, [Manner.GOOD])
    await sinks.listen()
    load = Load(ledger, sinks.ports[0], size_bytes=256)
    await load.connect(8)
    yield load, sinks
    load.close()
    sinks.close()


async def test_a_closed_loop_sends_so_many_events_and_each_is_counted_once(
    direct: tuple[Load, Sinks],
) -> None:
    load, sinks = direct

    load.run_closed(events_max=500)
    assert await until(lambda: sinks.ledger.accepted == 500, PATIENCE_SECONDS)
    await load.stop()

    assert (sinks.ledger.deliveries, sinks.ledger.lost(), sinks.ledger.strays) == (500, 0, 0)


async def test_an_open_loop_sends_what_is_due_whatever_the_sink_does(
    direct: tuple[Load, Sinks],
) -> None:
    load, sinks = direct
    sinks.manners[0] = Manner.PAUSED

    load.run_at(1000.0)
    assert await until(lambda: load.late > 20, PATIENCE_SECONDS)
    sinks.resume()
    await load.stop()

    assert sinks.ledger.accepted == sinks.ledger.deliveries > 20
    assert load.outstanding == 0


async def test_a_failing_sink_answers_500_and_gets_no_delivery(
    direct: tuple[Load, Sinks],
) -> None:
    load, sinks = direct
    sinks.manners[0] = Manner.FAILING

    load.run_closed(events_max=20)
    assert await until(lambda: sinks.ledger.refused() == 20, PATIENCE_SECONDS)

    assert sinks.ledger.deliveries == 0


async def test_the_load_connects_again_when_its_connections_are_lost(
    direct: tuple[Load, Sinks],
) -> None:
    load, sinks = direct
    load.run_closed()
    await until(lambda: sinks.ledger.accepted > 50, PATIENCE_SECONDS)

    for transport in list(sinks.transports):
        transport.abort()
    accepted = sinks.ledger.accepted

    assert await until(lambda: sinks.ledger.accepted > accepted + 50, PATIENCE_SECONDS)


async def test_a_request_in_pieces_is_one_delivery(direct: tuple[Load, Sinks]) -> None:
    _, sinks = direct
    number = sinks.ledger.send(at_ns=0)
    reader, writer = await asyncio.open_connection("127.0.0.1", sinks.ports[0])

    for piece in (
        b"POST / HTTP/1.1\r\nCE-Id: %d\r\nConte" % number,
        b"nt-Length: 4\r\n\r\nab",
        b"cd",
    ):
        writer.write(piece)
        await writer.drain()
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 202")
    assert sinks.ledger.delivered_to(0) == 1


def test_an_answer_is_whole_with_the_last_byte_of_its_body() -> None:
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\n"

    assert [is_whole(part) for part in (head[:-1], head, head + b"ab", head + b"abc")] == [
        False, False, False, True,
    ]  # fmt: skip
