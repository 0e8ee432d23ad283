"""A sink was mended: parked deliveries need not wait as long as its failures made them. Pure.

What failed before is taken up in steps, each at most twice as large as the one before; what
fails again waits as ever. Once no call to the old sink can be under way, it is over when a
whole step finds nothing that failed before: all of it was tried, or what fails again stands
first, and then the sink is not mended.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from broker.storage.rows import ParkedRow
from triggers.pauses import Pauses

STEP = timedelta(seconds=0.25)
IDLE_STEP = timedelta(seconds=1)
WRITTEN = timedelta(seconds=1)  # by then what failed last is a row on disk
STEP_ROWS = 8
STEP_ROWS_MAX = 256
FAR_AWAY = datetime(9999, 12, 31, tzinfo=UTC)


class Mending:
    """One lane's, since its sink was changed; calls to the old one end within `calls_seconds`."""

    __slots__ = ("_rows", "_since", "_until", "next_at")

    def __init__(self, since: datetime, calls_seconds: float) -> None:
        self._since = since
        self._until = since + timedelta(seconds=calls_seconds) + WRITTEN
        self._rows = STEP_ROWS
        self.next_at = since

    def step(self, now: datetime) -> int:
        """How many rows to look at now; `next_at` says when to come again."""
        rows = self._rows
        self._rows = min(2 * rows, STEP_ROWS_MAX)
        self.next_at = now + STEP
        return rows

    def is_over(self, now: datetime) -> bool:
        """Whether a step that found nothing was the last one; else the next comes later."""
        self.next_at = now + IDLE_STEP
        return now >= self._until

    def concerns(self, row: ParkedRow) -> bool:
        """Whether its last attempt was made before the change."""
        return not row.attempts or row.attempts[-1].started_at < self._since


def age_when_taken(row: ParkedRow, pauses: Pauses, now: datetime) -> ParkedRow:
    """`row` with the age it really has: without pauses, and without a wait that was cut short.

    Its `age_seconds` was reckoned for `due_at` when it was parked; lateness never counts.
    """
    wait = row.attempts[-1].wait_seconds if row.attempts else None
    wait_seconds = row.wait_seconds if wait is None else wait
    parked_at = row.due_at - timedelta(seconds=wait_seconds)
    unused = max(0.0, (row.due_at - now).total_seconds())
    unused += pauses.seconds_within(parked_at, min(row.due_at, now))
    return replace(row, age_seconds=max(0.0, row.age_seconds - unused)) if unused else row
