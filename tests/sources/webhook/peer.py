"""Senders that post signed webhooks to a real HTTP server, and again until they hear a yes."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from broker.clock import SteadyClock
from broker.event import Event
from broker.http_limits import HttpLimits
from broker.http_server import HttpServer
from deploy.sources.receiving import SourceRoute
from sources.source import Source, SourceSupplies
from sources.spec import SourceSpec
from sources.webhook.source import WebhookSource
from tests.sources.webhook.sending import SIGNED, post, standard

AGAIN_SECONDS = 0.03  # a rude sender: it does not read Retry-After


class WebhookPeer:
    """A request without an answer is given up by the server soon, then the sender repeats it."""

    is_ordered = False
    can_be_lost = False

    def __init__(self) -> None:
        self.spec = SourceSpec("WebhookSource", "default/hook", "default/default", SIGNED)
        self.happened = 0
        self.route = SourceRoute()
        limits = HttpLimits(answer_seconds=0.3, sweep_seconds=0.05)
        self.server = HttpServer({"/sources/": self.route}, SteadyClock(), limits)
        self.port = 0
        self._senders: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        _, self.port = await self.server.start("127.0.0.1", 0)

    def make(self, supplies: SourceSupplies) -> Source:
        source = WebhookSource(self.spec, supplies)
        self.route.serve({self.spec.name: source})
        return source

    async def happen(self, count: int) -> Sequence[str]:
        labels = [f"id{self.happened + number}" for number in range(count)]
        self.happened += count
        for label in labels:
            sender = asyncio.create_task(self._send(label))
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return labels

    async def _send(self, label: str) -> None:
        body = f'{{"order": "{label}"}}'.encode()
        status = 0
        while status != 202:
            headers = standard(body, datetime.now(UTC), label)
            with suppress(OSError):
                path = "/sources/default/hook"
                status = (await post(self.port, path, headers, body)).status
            await asyncio.sleep(AGAIN_SECONDS)

    def label_of(self, event: Event) -> str:
        return event.id

    async def lose(self) -> None:
        return None

    async def find(self) -> None:
        return None

    async def refuse(self) -> None:
        return None

    async def close(self) -> None:
        for sender in tuple(self._senders):
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)
        self.server.close()


async def make(request: pytest.FixtureRequest) -> WebhookPeer:
    peer = WebhookPeer()
    await peer.open()
    return peer
