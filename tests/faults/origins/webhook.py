"""Senders that post until they hear a 2xx, each repeat with the id of the first try."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.event import Event, StoredEvent
from tests.faults.process import Program
from tests.sources.webhook.sending import KEY, post, standard

SENDERS = 8
ANSWER_SECONDS_MAX = 10.0


class WebhookOrigin:
    has_server = False

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self._is_resting = False

    def document(self) -> str:
        return """
apiVersion: headrace.dev/v1
kind: WebhookSource
metadata: {name: tested}
spec:
  template: {type: com.example.hook}
  verify: {standardWebhooks: {secret: "${env:TESTED_SECRET}"}}
"""

    def variables(self) -> dict[str, str]:
        return {"TESTED_SECRET": KEY}

    async def work(self, program: Program) -> None:
        async with asyncio.TaskGroup() as senders:
            for number in range(SENDERS):
                senders.create_task(self._send_all(program, number))

    async def _send_all(self, program: Program, sender: int) -> None:
        number = 0
        while not self._is_resting:
            label = f"{sender}-{number}"
            await self._send(program, label)
            self.taken[label] += 1
            number += 1

    async def _send(self, program: Program, label: str) -> None:
        body = f'{{"order": "{label}"}}'.encode()
        while True:
            if program.ingress is not None:
                headers = standard(body, datetime.now(UTC), label)
                with suppress(OSError, TimeoutError):
                    async with asyncio.timeout(ANSWER_SECONDS_MAX):
                        port, path = program.ingress[1], "/sources/default/tested"
                        if (await post(port, path, headers, body)).status // 100 == 2:
                            return
            await asyncio.sleep(0.02)

    def rest(self) -> None:
        self._is_resting = True

    async def die(self) -> None:
        """What senders send to is headrace itself."""

    async def expected(self, stored: Sequence[StoredEvent]) -> Counter[str]:
        return self.taken

    def label_of(self, event: Event) -> str:
        return event.id


async def make(_folder: Path, _request: pytest.FixtureRequest) -> WebhookOrigin:
    return WebhookOrigin()
