"""A clock: every second is to be told once, those in which nobody ran too."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.event import Event, StoredEvent
from tests.faults.process import Program, until

LATE_SECONDS = 3.0  # a busy machine, and the second that is under way


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
        await until(lambda: self._rested_at is not None, "it is told to rest")

    def rest(self) -> None:
        self._rested_at = datetime.now(UTC)

    async def die(self) -> None:
        """A clock does not."""

    async def expected(self, stored: Sequence[StoredEvent]) -> Counter[str]:
        """Each second from the first told to the last, which is not long before the end."""
        if not stored:
            return Counter()
        assert self._rested_at is not None
        slots = [_time_of(one.event) for one in stored]
        first, last = min(slots), max(slots)
        assert last >= self._rested_at - timedelta(seconds=LATE_SECONDS), "it fell silent"
        count = round((last - first).total_seconds()) + 1
        return Counter(str(first + timedelta(seconds=number)) for number in range(count))

    def label_of(self, event: Event) -> str:
        return str(_time_of(event))


def _time_of(event: Event) -> datetime:
    return datetime.fromisoformat(event.attributes["time"])


async def make(_folder: Path, _request: pytest.FixtureRequest) -> PingOrigin:
    return PingOrigin()
