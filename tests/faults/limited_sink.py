"""A sink that takes so many calls a second and refuses the rest, and that may be down."""

import asyncio
import time
from collections import Counter
from typing import cast

from broker.token_bucket import TokenBucket
from tests.faults.subscribers import OK, header

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"


class LimitedSink:
    """On one port all the time: `go_down` closes it, `come_up` opens it again.

    `attempts` is the attempt by which each event was taken, by its id.
    """

    def __init__(self, calls_per_second: float) -> None:
        self.port = 0
        self.calls = 0
        self.refused = 0
        self.taken: Counter[str] = Counter()
        self.attempts: dict[str, int] = {}
        self.transports: set[asyncio.Transport] = set()
        self._calls_per_second = calls_per_second
        self._bucket = TokenBucket(calls_per_second)
        self._server: asyncio.Server | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def come_up(self) -> None:
        """Every count but `taken` and `attempts` begins anew."""
        self.calls = self.refused = 0
        self._bucket = TokenBucket(self._calls_per_second)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), "127.0.0.1", self.port, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def go_down(self) -> None:
        if self._server is not None:
            self._server.close()
        for transport in list(self.transports):
            transport.abort()

    def receive(self, transport: asyncio.Transport, id: str, attempt: int) -> None:
        self.calls += 1
        if self._bucket.take(1, time.monotonic()):
            self.refused += 1
            transport.write(BUSY)
            return
        self.taken[id] += 1
        self.attempts[id] = attempt
        transport.write(OK)


class _Connection(asyncio.Protocol):
    """Cuts what the program sends into calls."""

    def __init__(self, sink: LimitedSink) -> None:
        self._sink = sink
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._sink.transports.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink.transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        data = self._pending + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[: end + 2]
            size_bytes = end + 4 + int(header(head, b"content-length") or 0)
            if len(data) < size_bytes:
                break
            attempt = int(header(head, b"headrace-attempt") or 1)
            self._sink.receive(self._transport, header(head, b"ce-id").decode(), attempt)
            data = data[size_bytes:]
        self._pending = data
