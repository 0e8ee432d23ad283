"""Time, handed in: one steady clock for all of a process.

In-process time never jumps: it is the wall clock read once at start, carried on by the
monotonic clock. A wall clock that an operator or NTP moves can neither hold a parked
delivery nor release a burst of them.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, aware UTC; never goes back within a process."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; for durations and deadlines."""
        ...


class SteadyClock:
    """The clock of a running process."""

    def __init__(self) -> None:
        self._offset_seconds = time.time() - time.monotonic()

    monotonic = staticmethod(time.monotonic)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._offset_seconds + time.monotonic(), UTC)


def to_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as stores keep times."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)
