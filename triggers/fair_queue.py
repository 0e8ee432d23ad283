"""The queue of a lane that calls a model: its places go to sources in turn.

A model takes long, so a backlog is large: one source with ten thousand events must not make
another's ten wait behind them. Pure.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Protocol

from broker.event import StoredEvent

OLDEST_EACH = 8  # every eighth place is for whoever has waited longest, whatever its source
WINDOW_EVENTS_MAX = 16_384  # how far ahead a lane looks for other sources
WINDOW_BYTES_MAX = 16 * 1024 * 1024  # of all queues together; beyond, a lane looks ahead less
GAPS_MAX = 1_000  # settled ranges beyond a cursor; from there on the oldest go first


class Queue(Protocol):
    """What a lane needs of one; `[0]` is the event that came first."""

    def append(self, stored: StoredEvent, /) -> None: ...

    def popleft(self) -> StoredEvent: ...

    def clear(self) -> None: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[StoredEvent]: ...

    def __getitem__(self, place: int, /) -> StoredEvent: ...


class FairQueue:
    """Sources take turns; what came first is never far from the front."""

    def __init__(self, events: Iterable[StoredEvent] = ()) -> None:
        self._events: OrderedDict[int, StoredEvent] = OrderedDict()  # by offset, as they came
        self._lines: OrderedDict[str, deque[int]] = OrderedDict()  # by source, whose turn is next
        self._taken = 0
        self._is_fair = True
        self._latest, self._is_ascending = 0, True
        for stored in events:
            self.append(stored)

    @property
    def offsets(self) -> Iterable[int]:
        return self._events.keys()

    @property
    def run(self) -> tuple[int, int] | None:
        """The first and the last offset where all between them wait too; None where not all do."""
        if not self._events or not self._is_ascending:
            return None
        first, last = next(iter(self._events)), next(reversed(self._events))
        return (first, last) if last - first + 1 == len(self._events) else None

    def note_gaps(self, gaps: int) -> None:
        """So many settled ranges lie beyond the cursor: each is written with it."""
        self._is_fair = gaps < GAPS_MAX

    def append(self, stored: StoredEvent, /) -> None:
        self._events[stored.offset] = stored
        self._is_ascending = self._is_ascending and stored.offset > self._latest
        self._latest = stored.offset
        source = stored.event.source
        if (line := self._lines.get(source)) is None:
            line = self._lines[source] = deque()
        line.append(stored.offset)

    def popleft(self) -> StoredEvent:
        """The next to be carried. Raises KeyError where there is none."""
        self._taken += 1
        if not self._is_fair or self._taken % OLDEST_EACH == 0:
            return self.pop_oldest()
        source, line = self._lines.popitem(last=False)
        stored = self._events.pop(line.popleft())
        if line:
            self._lines[source] = line  # behind all others
        return stored

    def pop_oldest(self) -> StoredEvent:
        """The one that came first."""
        _, stored = self._events.popitem(last=False)
        source = stored.event.source
        line = self._lines[source]
        line.popleft()  # lines are in the same order
        if not line:
            del self._lines[source]
        return stored

    def clear(self) -> None:
        self._events.clear()
        self._lines.clear()
        self._latest, self._is_ascending = 0, True

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[StoredEvent]:
        return iter(self._events.values())

    def __getitem__(self, place: int, /) -> StoredEvent:
        if place != 0:
            raise IndexError(f"only the first of a fair queue is known, not number {place}")
        return next(iter(self._events.values()))


def pop_oldest(queue: Queue) -> StoredEvent:
    """Take the event that came first out of a queue of either kind."""
    return queue.pop_oldest() if isinstance(queue, FairQueue) else queue.popleft()
