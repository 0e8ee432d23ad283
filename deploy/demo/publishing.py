"""Publishing the demo's events as any service would: over HTTP, one request each."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.progress import track

from broker.event import Event
from deploy.addresses import Address

ANSWER_SECONDS = 10.0


async def publish_all(
    address: Address, path: str, events: Sequence[Event], console: Console
) -> int:
    """POST each event in binary mode over one connection; gives how many were answered 202."""
    reader, writer = await asyncio.open_connection(*address)
    accepted = 0
    is_seen = console.is_terminal
    for event in track(events, "publishing", console=console, transient=True, disable=not is_seen):
        body = event.data or b""
        writer.write(
            b"POST %b HTTP/1.1\r\nhost: %b\r\n%bcontent-length: %d\r\n\r\n%b"
            % (path.encode(), str(address).encode(), event.head, len(body), body)
        )
        async with asyncio.timeout(ANSWER_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        accepted += head.startswith(b"HTTP/1.1 202 ")
    writer.close()
    await writer.wait_closed()
    return accepted
