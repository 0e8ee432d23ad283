"""The latest events, in memory: whoever is only a little behind need not read the log.

A trigger that lags because of a burst would else read, decode and match again what was in
memory a moment ago, and lag more for it.
"""

from collections.abc import Sequence

from broker.event import StoredEvent

EVENTS_MAX = 8192
BYTES_MAX = 16 * 1024 * 1024


class Recent:
    """A window over the end of the log, contiguous, bounded by events and bytes."""

    def __init__(self) -> None:
        self._events: list[StoredEvent] = []
        self._bytes = 0

    def add(self, group: Sequence[StoredEvent]) -> None:
        """What was just stored, in offset order."""
        if not group:
            return
        if self._events and self._events[-1].offset + 1 != group[0].offset:
            self._events, self._bytes = [], 0
        self._events.extend(group)
        for stored in group:
            self._bytes += stored.size_bytes
        if len(self._events) > EVENTS_MAX or self._bytes > BYTES_MAX:
            self._forget()

    def _forget(self) -> None:
        """Down to half of the bounds: rarely much is cheaper than often little."""
        keep = 0
        bytes_kept = 0
        for stored in reversed(self._events):
            bytes_kept += stored.size_bytes
            if keep >= EVENTS_MAX // 2 or bytes_kept > BYTES_MAX // 2:
                bytes_kept -= stored.size_bytes
                break
            keep += 1
        self._events = self._events[len(self._events) - keep :]
        self._bytes = bytes_kept

    def after(self, offset: int, limit: int) -> Sequence[StoredEvent]:
        """Up to `limit` events that follow `offset` without a gap; none if that is too far back."""
        if not self._events:
            return ()
        index = offset + 1 - self._events[0].offset
        return self._events[index : index + limit] if index >= 0 else ()
