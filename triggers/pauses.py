"""When a trigger was paused: that time does not count towards maxAge. Pure.

A parked delivery's age is reckoned up to when it is due, which is before its next attempt;
what counts too much is therefore at most the part of a pause within one wait.
"""

from collections import deque
from datetime import datetime, timedelta

PAUSES_KEPT = 8  # a wait is an hour at most, and who pauses oftener within it loses the oldest


class Pauses:
    """The latest pauses of one trigger, ascending; those before a restart are forgotten."""

    def __init__(self) -> None:
        self._ended: deque[tuple[datetime, datetime]] = deque(maxlen=PAUSES_KEPT)
        self._since: datetime | None = None

    def begin(self, at: datetime) -> None:
        if self._since is None:
            self._since = at

    def end(self, at: datetime) -> None:
        if self._since is not None:
            self._ended.append((self._since, at))
            self._since = None

    def seconds_within(self, first: datetime, last: datetime) -> float:
        """How much of the time from `first` to `last` was pause."""
        pauses = [*self._ended] if self._since is None else [*self._ended, (self._since, last)]
        overlaps = (min(last, until) - max(first, since) for since, until in pauses)
        return sum(max(overlap, timedelta()).total_seconds() for overlap in overlaps)
