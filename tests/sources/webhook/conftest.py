"""A WebhookSource at work over a real door, asked as the HTTP server asks a route."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from broker.http_message import Answer, Request
from broker.intake_options import IntakeOptions
from sources.spec import SourceSpec
from sources.webhook.options import WebhookOptions
from sources.webhook.source import WebhookSource
from tests.sources.inside import Inside
from tests.sources.webhook.sending import UNSIGNED


class Hook:
    """`ask` gives the answer to one request; `inside` has what was stored."""

    def __init__(self, inside: Inside, options: WebhookOptions) -> None:
        self.inside = inside
        self.spec = SourceSpec("WebhookSource", "n/s", "default/default", options)
        self.source = WebhookSource(self.spec, inside.supplies)

    async def run(self) -> None:
        self.inside.start(self.source, self.spec)
        await self.inside.until(lambda: self.inside.standing.is_connected)

    async def ask(self, request: Request) -> Answer:
        judged = self.source.head(request)
        if isinstance(judged, Answer):
            return judged
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.source.receive(request, answer.set_result)
        async with asyncio.timeout(10.0):
            return await answer


Begin = Callable[..., Awaitable[Hook]]


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    """`await begin(options)`: a source that runs; `intake` are its broker's own limits."""
    opened: list[Inside] = []

    async def start(
        options: WebhookOptions = UNSIGNED, intake: IntakeOptions | None = None
    ) -> Hook:
        inside = Inside(options=intake)
        opened.append(inside)
        await inside.open()
        hook = Hook(inside, options)
        await hook.run()
        return hook

    yield start
    for inside in opened:
        await inside.close()
