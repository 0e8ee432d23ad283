"""`headrace verify`: recompute what a data folder must hold. Pure but for reading the folder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from broker.event import Event
from broker.storage.rows import Counts, Cursor, Loaded, Revision
from broker.storage.sqlite.inspection import Inspection, RowSums
from triggers.filters.filter import Filter
from triggers.standing import filter_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """One broker's file: what was counted, and what is wrong with it."""

    broker: str
    events: int
    triggers: int
    mistakes: tuple[str, ...]
    notes: tuple[str, ...]


def verify_folder(data: Path) -> list[Verdict]:
    """All brokers of a data folder. Raises StoreOwned where a process has one of them."""
    return [verify_file(data, path) for path in sorted(data.glob("*/*.db"))]


def verify_file(data: Path, path: Path) -> Verdict:
    broker = f"{path.parent.name}/{path.stem}"
    inspection = Inspection(path)
    try:
        inspection.open()
        if corrupt := inspection.corruption():
            return Verdict(broker, 0, 0, tuple(f"damaged file: {one}" for one in corrupt), ())
        loaded, sums = inspection.loaded(), inspection.sums()
        recount = Recount(loaded)
        events = 0
        for stored in inspection.events():
            events += 1
            recount.add(stored.offset, stored.event)
        mistakes = [*inspection.gaps(), *unbalanced(loaded, sums), *recount.mistakes()]
        return Verdict(broker, events, len(sums), tuple(mistakes), recount.notes())
    finally:
        inspection.close()


def unbalanced(loaded: Loaded, sums: dict[str, RowSums]) -> Iterable[str]:
    """matched = delivered + dead + discarded + parked + waiting, for every trigger."""
    for name, rows in sums.items():
        counts = loaded.counts.get(name, Counts(name))
        settled = counts.delivered + counts.dead + counts.discarded
        total = settled + rows.parked + rows.waiting
        if counts.matched != total:
            yield (
                f"trigger {name}: {counts.matched} events matched, but {counts.delivered} delivered"
                f" + {counts.dead} dead + {counts.discarded} discarded + {rows.parked} parked"
                f" + {rows.waiting} waiting are {total}"
            )
        if rows.dead_letters > counts.dead:
            yield f"trigger {name}: {rows.dead_letters} dead letters, {counts.dead} were counted"


class Recount:
    """Counts the pairs that the log implies up to each cursor, by the stored filters."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._triggers = [
            _Trigger(name, loaded, [r for r in loaded.revisions if r.trigger == name])
            for name in sorted({revision.trigger for revision in loaded.revisions})
        ]

    def add(self, offset: int, event: Event) -> None:
        for trigger in self._triggers:
            trigger.add(offset, event)

    def mistakes(self) -> Iterable[str]:
        for trigger in self._triggers:
            counted = self._loaded.counts.get(trigger.name, Counts(trigger.name)).matched
            # What is delivered again matches again: then more were counted than there are.
            is_wrong = trigger.pairs > counted or not trigger.went_back
            if trigger.is_whole and trigger.pairs != counted and is_wrong:
                yield (
                    f"trigger {trigger.name}: its filter matches {trigger.pairs} events of the log"
                    f" up to its cursor, {counted} were counted"
                )

    def notes(self) -> tuple[str, ...]:
        return tuple(
            f"trigger {trigger.name}: not recounted, the log no longer reaches back to its start"
            for trigger in self._triggers
            if not trigger.is_whole
        )


class _Trigger:
    def __init__(self, name: str, loaded: Loaded, revisions: Sequence[Revision]) -> None:
        self.name = name
        self.pairs = 0
        self._filters: list[tuple[int, Filter]] = [
            (r.from_offset, filter_of(r.spec)) for r in revisions
        ]
        self._cursor = loaded.cursors.get(name) or Cursor(name, loaded.routed)
        # A seek repeats the spec; a trigger that came back may begin before it had ended.
        self.went_back = any(
            later.spec == one.spec or later.from_offset < one.from_offset
            for one, later in pairwise(revisions)
        )
        self.is_whole = min(r.from_offset for r in revisions) >= loaded.first_offset

    def add(self, offset: int, event: Event) -> None:
        cursor = self._cursor
        if offset > cursor.offset and not any(a <= offset <= b for a, b in cursor.settled):
            return
        chosen = None
        for from_offset, filter_ in self._filters:
            if from_offset <= offset:
                chosen = filter_
        if chosen is not None and chosen.matches(event):
            self.pairs += 1
