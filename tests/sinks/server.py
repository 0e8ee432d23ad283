"""A real server on a free port that reads requests whole and answers as a test says."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

ACCEPTED = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Request:
    """`connection` counts from 1, in the order of accepting."""

    connection: int
    line: str
    headers: dict[str, str]
    body: bytes
    raw: bytes


@dataclass
class Exchange:
    """One request and the connection it came on. Behaviours write what they like."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, answer: bytes) -> None:
        self.writer.write(answer)
        await self.writer.drain()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close so that the peer gets a reset, not an end."""
        connected = self.writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]
AtConnect = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(*answers: bytes) -> Behaviour:
    """Give these answers one after the other, the last one for ever."""
    left = list(answers)

    async def behave(exchange: Exchange) -> None:
        await exchange.send(left.pop(0) if len(left) > 1 else left[0])

    return behave


def with_body(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass
class SinkServer:
    """`requests` as they came; `connections` ever accepted, `tasks` those still open.

    `at_connect` acts before anything is read.
    """

    behave: Behaviour
    at_connect: AtConnect | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer, self.connections))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        try:
            if self.at_connect is not None:
                await self.at_connect(reader, writer)
            while not writer.is_closing():
                request = await self._read(reader, connection)
                self.requests.append(request)
                await self.behave(Exchange(request, reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            return  # the client closed: its right
        finally:
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> Request:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")[:-2]
        headers = dict(each.lower().split(": ", 1) for each in lines)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Request(connection, line, headers, body, head + body)
