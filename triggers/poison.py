"""Poison: which work is suspected of ending the process, judged by what is on disk. Pure.

After two unclean ends within a minute, work that this process does itself is taken up one
at a time, and each is written down before it is tried. What was written down and never
ended was alone when the process died: after the third time it is given up.

| key of the record                | its value counts the tries that never ended, alone:  |
| -------------------------------- | ---------------------------------------------------- |
| poison/events/FIRST-LAST         | routing these offsets to the triggers behind them    |
| poison/route/OFFSET/TRIGGER      | asking one trigger's filter about one event          |
| poison/STEP/OFFSET/TRIGGER       | one delivery                                         |
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from broker.delivery import Failed, OutcomeClass, Reason
from broker.event import StoredEvent
from broker.storage.rows import Record

ENDS_WITHIN = timedelta(seconds=60)
ENDS_SUSPICIOUS = 2
ENDS_ALONE_MAX = 3
DOUBTED_MAX = 1_000  # per trigger, past its cursor: what was begun and not written down
RECORDS_MAX = 1_000
PREFIX = "poison/"
ROUTE = "route"
GIVEN_UP = Failed(
    OutcomeClass.SUSPECT,
    f"the process ended {ENDS_ALONE_MAX} times while this alone was under way: "
    "its last words may say why",
    reason=Reason.POISON,
)
_EVENTS = f"{PREFIX}events/"


def is_suspicious(unclean_ends: Sequence[datetime], now: datetime) -> bool:
    """Whether the process died so often lately that one event may be why.

    The times are another process's clock: one that is ahead of ours counts all the same.
    """
    return sum(abs(now - end) <= ENDS_WITHIN for end in unclean_ends) >= ENDS_SUSPICIOUS


def place_key(step: str, offset: int, trigger: str) -> str:
    return f"{PREFIX}{step}/{offset}/{trigger}"


def events_key(first: int, last: int) -> str:
    return f"{_EVENTS}{first}-{last}"


class Suspects:
    """What was tried alone and has not ended, by key; each change gives the Record to write."""

    def __init__(self, found: Iterable[tuple[str, bytes, int]] = ()) -> None:
        self._ends = {key: int(value) for key, value, _ in found}

    def __bool__(self) -> bool:
        return bool(self._ends)

    def begin(self, key: str) -> Record:
        """On disk before the work is tried, this is what its death leaves behind."""
        self._ends[key] = self.ends(key) + 1
        return Record(key, str(self._ends[key]).encode())

    def survived(self, key: str) -> Record:
        self._ends.pop(key, None)
        return Record(key, None)

    def ends(self, key: str) -> int:
        """How often the process ended with this alone under way."""
        return self._ends.get(key, 0)

    def is_poison(self, key: str) -> bool:
        return self.ends(key) >= ENDS_ALONE_MAX

    def runs(self, page: Sequence[StoredEvent]) -> list[Sequence[StoredEvent]]:
        """`page` in parts: each event of a suspected range by itself, those between together."""
        ranges = self._ranges()
        parts: list[list[StoredEvent]] = []
        was_doubted = True
        for stored in page:
            doubted = any(first <= stored.offset <= last for first, last in ranges)
            if doubted or was_doubted:
                parts.append([])
            parts[-1].append(stored)
            was_doubted = doubted
        return list(parts)

    def passed(self, offset: int) -> list[Record]:
        """Everything up to `offset` was routed and the process lives: its ranges are innocent."""
        return [
            self.survived(events_key(first, last))
            for first, last in self._ranges()
            if last <= offset
        ]

    def clear(self) -> list[Record]:
        """Nothing is in doubt any more."""
        return [self.survived(key) for key in list(self._ends)]

    def _ranges(self) -> list[tuple[int, int]]:
        found = (
            key.removeprefix(_EVENTS).split("-") for key in self._ends if key.startswith(_EVENTS)
        )
        return [(int(first), int(last)) for first, last in found]
