"""The ingress mounted in an ASGI application."""

from typing import Any

import pytest

from broker.codec import Limits
from broker.ingress import Ingress
from broker.ingress_asgi import IngressApp, Message
from broker.intake_options import IntakeOptions
from tests.broker.door import Door, open_door

HEADERS = [
    (b"ce-specversion", b"1.0"),
    (b"ce-id", b"1"),
    (b"CE-Source", b"/s"),
    (b"ce-type", b"t"),
]


async def call(door: Door, *pieces: bytes, method: str = "POST", path: str = "/n/b") -> Any:
    """Status, headers and body of one call below the mount point `/events`."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.request"})
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "headers": HEADERS}
    scope |= {"path": "/events" + path, "root_path": "/events"}
    await IngressApp(Ingress({"n/b": door.intake}))(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


async def test_an_event_is_stored_and_then_answered() -> None:
    door = await open_door(is_eager=True)

    status, headers, body = await call(door, b"a", b"b")

    assert (status, headers, body) == (202, {b"content-length": b"0"}, b"")
    assert door.log.stored[0].event.data == b"ab"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [("GET", "/n/b", 405), ("POST", "/n/other", 404), ("OPTIONS", "/n/b", 200)],
)
async def test_what_the_head_decides_needs_no_body(method: str, path: str, expected: int) -> None:
    status, _, _ = await call(await open_door(), method=method, path=path)

    assert status == expected


async def test_a_body_is_read_to_its_bound_only() -> None:
    door = await open_door(IntakeOptions(limits=Limits(event_bytes=10)))

    status, _, _ = await call(door, b"x" * 11)

    assert status == 413


async def test_only_http_is_spoken() -> None:
    with pytest.raises(ValueError, match="not websocket"):
        await IngressApp(Ingress({}))({"type": "websocket"}, None, None)  # type: ignore[arg-type]
