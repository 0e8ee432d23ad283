"""Our own load: each event numbered, closed loop or at a rate, one event loop on one core."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import cast

from tests.bench.configuration import BROKER_PATH, EVENT_TYPE
from tests.bench.ledger import BROKEN, Ledger
from tests.bench.sink import header

HEAD = (
    b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nce-specversion: 1.0\r\nce-type: %b\r\nce-source: /bench\r\n"
    b"ce-subject: item\r\nce-time: 2026-01-31T12:00:00Z\r\nce-id: "
)
TICK_SECONDS = 0.001
RECONNECT_SECONDS = 0.02
# Fewer than a broker may allow one peer; an event that finds all of them busy waits its turn.
OPEN_LOOP_CONNECTIONS = 200


def body_of(size_bytes: int) -> bytes:
    """A JSON object of exactly so many bytes."""
    return b'{"payload": "%b"}' % (b"x" * (size_bytes - 15))


class Publisher(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._number: int | None = None
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self.transport = cast(asyncio.Transport, transport)
        self._load.has_connected(self)

    def send(self, number: int) -> None:
        self._number = number
        self.transport.write(b"%b%d\r\n\r\n%b" % (self._load.head, number, self._load.body))

    def data_received(self, data: bytes) -> None:
        if self._pending:
            data = self._pending + data
        # Nearly every answer is a head and nothing else.
        if not data.endswith(b"\r\n\r\n") and not is_whole(data):
            self._pending = data
            return
        self._pending = b""
        if self._number is None:
            return  # a parting word: 408 to a connection that idled
        number, self._number = self._number, None
        self._load.answered(self, number, int(data[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        number, self._number = self._number, None
        self._load.has_lost(self, number)


class Load:
    """Publishes to one broker until told to stop; survives a broker that is killed."""

    def __init__(self, ledger: Ledger, port: int, size_bytes: int = 1024) -> None:
        self._ledger = ledger
        self.port = port
        self.body = body_of(size_bytes)
        self.head = HEAD % (BROKER_PATH.encode(), len(self.body), EVENT_TYPE.encode())
        self._idle: list[Publisher] = []
        self._all: set[Publisher] = set()
        self._wanted = 0
        self._is_closed_loop = False
        self.is_running = False
        self.outstanding = 0
        self.events_max: int | None = None
        self._due_ns: deque[int] = deque()  # when waiting events of an open loop should have gone
        self.late = 0  # of them, how many had to wait
        self._pacer: asyncio.Task[None] | None = None
        self._reconnects: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Connections there are."""
        return len(self._all)

    async def connect(self, count: int) -> None:
        """Open so many connections more."""
        self._wanted += count
        loop = asyncio.get_running_loop()
        for _ in range(count):
            await loop.create_connection(lambda: Publisher(self), "127.0.0.1", self.port)

    def run_closed(self, events_max: int | None = None) -> None:
        """Each connection sends the next event when its last one is answered."""
        self.is_running = self._is_closed_loop = True
        self.events_max = events_max
        while self._idle and self.is_running:
            self._fire(self._idle.pop(), time.monotonic_ns())

    def run_at(self, events_per_second: float) -> None:
        """Events at a rate, whatever the broker does; each counts from when it was due."""
        self.is_running, self._is_closed_loop = True, False
        self._pacer = asyncio.create_task(self._pace(events_per_second))

    async def stop(self, patience_seconds: float = 10.0) -> None:
        """Send no more; wait for the answers that are under way."""
        self.is_running = False
        if self._pacer is not None:
            await self._pacer
        await until(lambda: self.outstanding == 0 and not self._due_ns, patience_seconds)

    def close(self) -> None:
        self.is_running = False
        self._wanted = 0
        for task in list(self._reconnects):
            task.cancel()
        for publisher in list(self._all):
            publisher.transport.abort()

    # What the connections tell

    def has_connected(self, publisher: Publisher) -> None:
        self._all.add(publisher)
        self._give_back(publisher)

    def answered(self, publisher: Publisher, number: int, status: int) -> None:
        self.outstanding -= 1
        self._ledger.answer(number, status)
        if status < 500 or not self._is_closed_loop:
            self._give_back(publisher)
        else:
            # Who is told to come back later does not hammer on.
            asyncio.get_running_loop().call_later(0.01, self._give_back, publisher)

    def has_lost(self, publisher: Publisher, number: int | None) -> None:
        self._all.discard(publisher)
        if publisher in self._idle:
            self._idle.remove(publisher)
        if number is not None:
            self.outstanding -= 1
            self._ledger.answer(number, BROKEN)
        if self.is_running:
            self._reconnect()

    def _give_back(self, publisher: Publisher) -> None:
        if publisher not in self._all:
            return
        if self._due_ns:
            self._fire(publisher, self._due_ns.popleft())
        elif self.is_running and self._is_closed_loop:
            self._fire(publisher, time.monotonic_ns())
        else:
            self._idle.append(publisher)

    def _fire(self, publisher: Publisher, due_ns: int) -> None:
        if self.events_max is not None and len(self._ledger.sent_ns) >= self.events_max:
            self.is_running = False
            self._idle.append(publisher)
            return
        self.outstanding += 1
        publisher.send(self._ledger.send(due_ns))

    def _reconnect(self) -> None:
        task = asyncio.ensure_future(self._connect_again())
        self._reconnects.add(task)
        task.add_done_callback(self._reconnects.discard)

    async def _connect_again(self) -> None:
        loop = asyncio.get_running_loop()
        while self.is_running and len(self._all) < self._wanted:
            try:
                await loop.create_connection(lambda: Publisher(self), "127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(RECONNECT_SECONDS)
            else:
                return

    async def _pace(self, events_per_second: float) -> None:
        """Every tick sends what has become due, or lets it wait for a connection."""
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        while self.is_running:
            due = int((loop.time() - begun) * events_per_second) - sent
            now_ns = time.monotonic_ns()
            for _ in range(due):
                if self._idle:
                    self._fire(self._idle.pop(), now_ns)
                else:
                    self.late += 1
                    self._due_ns.append(now_ns)
            sent += max(due, 0)
            next_at = begun + (sent + 1) / events_per_second
            await asyncio.sleep(max(TICK_SECONDS, next_at - loop.time()))


def is_whole(answer: bytes) -> bool:
    """Whether the bytes are an answer with all of its body."""
    head_end = answer.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    length = header(answer[: head_end + 2].lower(), b"content-length")
    return len(answer) >= head_end + 4 + int(length or 0)


async def until(
    condition: Callable[[], bool], patience_seconds: float, poll_seconds: float = 0.01
) -> bool:
    """Wait for a condition; false if it did not come in time."""
    deadline = time.monotonic() + patience_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(poll_seconds)
    return True
