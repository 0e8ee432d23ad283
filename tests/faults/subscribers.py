"""Sinks of fault tests: each a port of its own, whose answers a function gives."""

import asyncio
from collections.abc import Callable
from typing import cast

from tests.faults.ledger import Ledger

OK = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 6\r\n\r\nbroken"
REFUSED = b"HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 7\r\n\r\nrefused"
SILENCE = b""
FINAL = (b"HTTP/1.1 2", b"HTTP/1.1 4")  # neither is tried again
TRICKLE_SECONDS = 0.5


def replying(id: str, type: str) -> bytes:
    """200 with an event in binary mode."""
    head = (
        "HTTP/1.1 200 OK\r\n"
        f"ce-specversion: 1.0\r\nce-id: {id}\r\nce-type: {type}\r\nce-source: /faults/sink\r\n"
        "content-type: text/plain\r\ncontent-length: 5\r\n\r\nreply"
    )
    return head.encode()


class Subscriber:
    """One sink. `answer` gives the whole answer to an event's id; SILENCE never answers.

    While `is_holding`, answers are kept back; `release` sends them.
    """

    def __init__(self, name: str, ledger: Ledger, answer: Callable[[str], bytes]) -> None:
        self.name = name
        self.answer = answer
        self.trickles = False  # a byte now and then
        self.is_holding = False
        self.port = 0
        self._ledger = ledger
        self._server: asyncio.Server | None = None
        self._held: list[tuple[asyncio.Transport, str]] = []
        self.transports: set[asyncio.Transport] = set()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def receive(self, transport: asyncio.Transport, id: str) -> None:
        if self.is_holding:
            self._held.append((transport, id))
            return
        answer = self.answer(id)
        self._ledger.receive(self.name, id, answer.startswith(FINAL) and not self.trickles)
        if self.trickles:
            self._trickle(transport, answer)
        else:
            transport.write(answer)

    def release(self) -> None:
        self.is_holding = False
        held, self._held = self._held, []
        for transport, event in held:
            if not transport.is_closing():
                self.receive(transport, event)

    def _trickle(self, transport: asyncio.Transport, rest: bytes) -> None:
        if rest and not transport.is_closing():
            transport.write(rest[:1])
            loop = asyncio.get_running_loop()
            loop.call_later(TRICKLE_SECONDS, self._trickle, transport, rest[1:])

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for transport in list(self.transports):
            transport.abort()


class _Connection(asyncio.Protocol):
    """Cuts what the program sends into requests."""

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._subscriber.transports.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._subscriber.transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        data = self._pending + data
        while (head_end := data.find(b"\r\n\r\n")) >= 0:
            head = data[: head_end + 2]
            end = head_end + 4 + int(header(head, b"content-length") or 0)
            if len(data) < end:
                break
            self._subscriber.receive(self._transport, header(head, b"ce-id").decode())
            data = data[end:]
        self._pending = data


def header(head: bytes, name: bytes) -> bytes:
    """The value of a header, empty if there is none; `name` in lower case."""
    for line in head.split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.lower() == name:
            return value.strip()
    return b""
