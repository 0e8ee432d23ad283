"""A clock: every second is to be told once, those in which nobody ran too."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.event import Event, StoredEvent
from tests.faults.process import POLL_SECONDS, Program, until

REST_SECONDS_MAX = 900.0  # all deaths come before
TOLD_SECONDS_MAX = 60.0


class PingOrigin:
    has_server = False

    def __init__(self) -> None:
        self._rested_at: datetime | None = None

    def document(self) -> str:
        return """
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: {name: tested}
spec: {schedule: "* * * * * *", data: '{"tick": true}', catchUp: all}
"""

    def variables(self) -> dict[str, str]:
        return {}

    async def work(self, program: Program) -> None:
        """Until a second is told that came after the call to rest: else it has fallen silent."""
        await until(lambda: self._rested_at is not None, "it is told to rest", REST_SECONDS_MAX)
        async with asyncio.timeout(TOLD_SECONDS_MAX):
            while not await self._is_told(program):
                await asyncio.sleep(10 * POLL_SECONDS)

    async def _is_told(self, program: Program) -> bool:
        status, body = await program.get("/api/v1/events?limit=1")
        items = json.loads(body)["items"] if status == 200 else []
        assert self._rested_at is not None
        return any(datetime.fromisoformat(one["time"]) >= self._rested_at for one in items)

    def rest(self) -> None:
        self._rested_at = datetime.now(UTC)

    async def die(self) -> None:
        """A clock does not."""

    async def expected(self, stored: Sequence[StoredEvent]) -> Counter[str]:
        """Each second from the first told to the last, which is not before the end."""
        if not stored:
            return Counter()
        slots = [_time_of(one.event) for one in stored]
        first, last = min(slots), max(slots)
        count = round((last - first).total_seconds()) + 1
        return Counter(str(first + timedelta(seconds=number)) for number in range(count))

    def label_of(self, event: Event) -> str:
        return str(_time_of(event))


def _time_of(event: Event) -> datetime:
    return datetime.fromisoformat(event.attributes["time"])


async def make(_folder: Path, _request: pytest.FixtureRequest) -> PingOrigin:
    return PingOrigin()
