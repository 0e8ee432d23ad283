"""The sinks of a run: one protocol that counts each event, and answers as it is told to."""

import asyncio
from enum import Enum
from typing import cast

from tests.bench.ledger import Ledger

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nbroken"


class Manner(Enum):
    """How a sink behaves."""

    GOOD = "good"
    FAILING = "failing"  # answers 500 at once
    HANGING = "hanging"  # reads and never answers
    PAUSED = "paused"  # answers when it is resumed


class Sinks:
    """All sinks of a run, each on a port of its own, so that each is a target of its own."""

    def __init__(self, ledger: Ledger, manners: list[Manner]) -> None:
        self.ledger = ledger
        self.manners = manners
        self.ports: list[int] = []
        self.failed_calls = 0
        self._held: list[tuple[asyncio.Transport, int, int]] = []
        self._servers: list[asyncio.Server] = []
        self.transports: set[asyncio.Transport] = set()

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in range(len(self.manners)):
            server = await loop.create_server(
                lambda number=number: SinkConnection(self, number),  # type: ignore[misc]
                "127.0.0.1",
                0,
                backlog=1024,
            )
            self._servers.append(server)
            self.ports.append(server.sockets[0].getsockname()[1])

    def uri(self, number: int) -> str:
        return f"http://127.0.0.1:{self.ports[number]}/"

    def receive(self, transport: asyncio.Transport, sink: int, number: int) -> None:
        """One event came whole."""
        manner = self.manners[sink]
        if manner is Manner.GOOD:
            self.ledger.deliver(sink, number)
            transport.write(ACCEPTED)
        elif manner is Manner.FAILING:
            self.failed_calls += 1
            transport.write(FAILED)
        elif manner is Manner.PAUSED:
            self._held.append((transport, sink, number))

    def resume(self) -> None:
        """Paused sinks become good and answer what they hold."""
        self.manners = [Manner.GOOD if m is Manner.PAUSED else m for m in self.manners]
        held, self._held = self._held, []
        for transport, sink, number in held:
            if not transport.is_closing():
                self.receive(transport, sink, number)

    def close(self) -> None:
        for server in self._servers:
            server.close()
        for transport in list(self.transports):
            transport.abort()


class SinkConnection(asyncio.Protocol):
    """Cuts what a broker sends into requests; all it needs of one is its id and its end."""

    def __init__(self, sinks: Sinks, number: int) -> None:
        self._sinks = sinks
        self._number = number
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        self._sinks.transports.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sinks.transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._pending:
            data = self._pending + data
        while data:
            head_end = data.find(b"\r\n\r\n")
            if head_end < 0:
                break
            head = data[: head_end + 2].lower()
            end = head_end + 4 + int(header(head, b"content-length") or 0)
            if len(data) < end:
                break
            event_id = header(head, b"ce-id")
            number = int(event_id) if event_id.isdigit() else -1
            self._sinks.receive(self._transport, self._number, number)
            data = data[end:]
        self._pending = data


def header(head: bytes, name: bytes) -> bytes:
    """The value of a header in a lower-cased head, empty if it has none."""
    at = head.find(b"\r\n" + name + b":")
    if at < 0:
        return b""
    at += len(name) + 3
    return head[at : head.find(b"\r\n", at)].strip()
