"""HTTP for peers of model servers: an answer on a line or two, and a client that reads it whole."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from sinks.inference.protocol import ModelAnswer, ModelRequest
from tests.sinks.server import Behaviour, Exchange, Request, with_body

JSON = "content-type: application/json"
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 500: "Internal Server Error"}


@dataclass(frozen=True)
class Said:
    """One answer. `body` bytes go as they are, anything else as JSON."""

    status: int
    body: object = b""
    headers: tuple[str, ...] = (JSON,)

    def bytes(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)
        reason = _REASONS.get(self.status, "Whatever")
        return with_body(f"{self.status} {reason}", body, *self.headers)


class Asked:
    """A request as peers look at it."""

    def __init__(self, request: Request) -> None:
        self.method, self.path, _ = request.line.split(" ")
        self.headers = request.headers
        self.body = request.body

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "")


def speaking(answer: Callable[[Asked], Said]) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(answer(Asked(exchange.request)).bytes())

    return behave


async def ask(port: int, request: ModelRequest | str) -> ModelAnswer:
    """POST a request, or GET a path, over a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if isinstance(request, str):
        lines, body = [f"GET {request} HTTP/1.1"], b""
    else:
        lines, body = [f"POST {request.path or '/'} HTTP/1.1"], request.body
        lines += [f"{name}: {value}" for name, value in request.headers]
    lines += ["host: peer", f"content-length: {len(body)}", "", ""]
    writer.write("\r\n".join(lines).encode() + body)
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *others = head.split("\r\n")[:-2]
        pairs = [line.split(": ", 1) for line in others]
        headers = tuple((name.lower(), value) for name, value in pairs)
        size = int(dict(headers)["content-length"])
        return ModelAnswer(int(first.split(" ")[1]), headers, await reader.readexactly(size))
    finally:
        writer.close()
