"""Bar 12: malformed requests by the ten thousand, stalled peers, and one good publisher."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httptools
import uvloop

from broker.clock import SteadyClock
from broker.codec import decode_stored, decode_structured, encode_structured
from broker.http_limits import HttpLimits
from broker.http_server import HttpServer
from broker.ingress import Ingress
from broker.intake import Intake
from broker.storage.memory.engine import MemoryEngine
from tests.faults.hostile import BINARY, Hostile
from tests.unhurried import UnhurriedClock

REQUESTS = 1_000_000 if os.environ.get("HEADRACE_LONG") else 50_000
STALLED = 300
AT_ONCE = 24
PATIENCE_SECONDS = 60.0


@dataclass
class Front:
    """An ingress over an engine in memory."""

    engine: MemoryEngine
    server: HttpServer
    address: tuple[str, int]


@asynccontextmanager
async def front(limits: HttpLimits | None = None) -> AsyncIterator[Front]:
    clock = UnhurriedClock()  # a loop that stood still is no slow disk
    engine = MemoryEngine(clock)
    await engine.log.open(lambda stored: None)
    intake = Intake("n/b", engine.log, clock, random.random)
    await intake.open()
    server = HttpServer({"/": Ingress({"n/b": intake})}, SteadyClock(), limits)
    address = await server.start("127.0.0.1", 0)
    yield Front(engine, server, address)
    server.close()
    intake.close()
    await engine.log.close()


class Client(asyncio.Protocol):
    """Sends `raw`, ends, and gathers the statuses answered until the server closes."""

    def __init__(self, raw: bytes, ends: bool = True) -> None:
        self.raw = raw
        self.ends = ends
        self.statuses: list[int] = []
        self.closed: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: Any) -> None:
        transport.write(self.raw)
        if self.ends:
            transport.write_eof()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        self.statuses.append(self._parser.get_status_code())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(time.monotonic())


async def connect(front: Front, client: Client, number: int) -> Client:
    """From one of several loopback addresses, as if there were several peers."""
    local = (f"127.0.0.{2 + number % 16}", 0)
    await asyncio.get_running_loop().create_connection(
        lambda: client, *front.address, local_addr=local
    )
    return client


class GoodPublisher:
    """Sends one event after the other on one connection, until told to stop."""

    def __init__(self) -> None:
        self.statuses: Counter[bytes] = Counter()
        self.waits_seconds: list[float] = []
        self.stopped = False

    async def run(self, front: Front) -> None:
        reader, writer = await asyncio.open_connection(*front.address)
        while not self.stopped:
            started = time.monotonic()
            writer.write(BINARY.replace(b"ce-id: b", b"ce-id: good%d" % len(self.waits_seconds)))
            head = await reader.readuntil(b"\r\n\r\n")
            self.statuses[head.split(b" ")[1]] += 1
            self.waits_seconds.append(time.monotonic() - started)
            await asyncio.sleep(0.001)
        writer.close()
        await writer.wait_closed()


def run(scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario)


async def attack(front: Front, hostile: Hostile, count: int) -> Counter[int]:
    """Statuses of `count` malformed requests; 0 counts those closed without an answer."""
    statuses: Counter[int] = Counter()

    async def worker(number: int) -> None:
        for sent in range(number, count, AT_ONCE):
            client = await connect(front, Client(hostile.request()), sent)
            await asyncio.wait_for(client.closed, PATIENCE_SECONDS)
            statuses.update(client.statuses or [0])

    async with asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(worker(number))
    return statuses


async def check_stored(front: Front) -> int:
    """Every stored event can be written again, in both modes, to the same bytes."""
    after = 0
    while page := await front.engine.log.read(after, 1000, 1 << 24):
        for stored in page:
            event = stored.event
            again = decode_stored(event.head, event.data)
            assert (again.head, again.attributes) == (event.head, event.attributes)
            told = decode_structured(encode_structured(event))
            assert (told.attributes, told.data) == (event.attributes, event.data)
        after = page[-1].offset
    return after


def test_malformed_requests_give_no_5xx_and_do_not_harm_a_good_publisher() -> None:
    seed = int(os.environ.get("HEADRACE_SEED", "12"))
    print(f"seed {seed}")

    async def scenario() -> None:
        async with front() as attacked:
            good = GoodPublisher()
            publishing = asyncio.create_task(good.run(attacked))

            statuses = await attack(attacked, Hostile(seed), REQUESTS)
            good.stopped = True
            await publishing

            assert not [status for status in statuses if status >= 500], statuses
            assert set(statuses) >= {100, 200, 202, 400, 404, 405, 413, 414, 415, 417, 431}
            print(dict(statuses), f"good: {len(good.waits_seconds)} events")
            assert good.statuses.keys() == {b"202"}
            assert await check_stored(attacked) >= len(good.waits_seconds)
            while attacked.server.open_connections:
                await asyncio.sleep(0.01)

    run(scenario())


def test_stalled_peers_are_closed_by_their_deadline_and_do_not_harm_a_good_publisher() -> None:
    limits = HttpLimits(head_seconds=1.0, body_stall_seconds=1.0, sweep_seconds=0.1)
    stalls = (b"", b"POST /n/b HTTP/1.1\r\nho", BINARY[:-1], b"POST")

    async def scenario() -> None:
        async with front(limits) as attacked:
            good = GoodPublisher()
            publishing = asyncio.create_task(good.run(attacked))
            started = time.monotonic()
            clients = [
                await connect(attacked, Client(stalls[number % 4], ends=False), number)
                for number in range(STALLED)
            ]
            begun = time.monotonic()

            closed = await asyncio.wait_for(
                asyncio.gather(*[client.closed for client in clients]), PATIENCE_SECONDS
            )
            good.stopped = True
            await publishing

            assert min(closed) - started >= 1.0
            assert max(closed) - begun < PATIENCE_SECONDS
            assert {tuple(client.statuses) for client in clients} == {(), (408,)}
            assert good.statuses.keys() == {b"202"}
            assert attacked.server.counts.answers[408] == STALLED * 3 // 4

    run(scenario())
