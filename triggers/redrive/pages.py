"""The ids of a plan on their way into pages, those of each trigger apart. Pure."""

from collections.abc import Callable, Iterator
from heapq import merge

import orjson

from broker.storage.desk import Outline
from broker.storage.rows import Record
from triggers.redrive.plan import PAGE_IDS, Strand, page_key

Placed = tuple[int, str]  # offset, id


class Pages:
    """Dead letters come newest dead first; a job takes them from the end.

    Within a page they are by offset. Those of a trigger that `is_ordered` are so in all: one
    that was redriven before died later than its successors, and must not go behind them.
    """

    def __init__(self, plan: str, is_ordered: Callable[[str], bool]) -> None:
        self._plan = plan
        self._is_ordered = is_ordered
        self._placed: dict[str, list[Placed]] = {}  # by trigger: what makes no page yet
        self._runs: dict[str, list[list[Placed]]] = {}  # of ordered ones, highest offset first
        self._strands: dict[str, int] = {}
        self._counts: dict[str, int] = {}

    def add(self, letter: Outline) -> Record | None:
        """Gives a page that is full now."""
        trigger = letter.trigger
        self._strands.setdefault(trigger, len(self._strands))
        self._counts[trigger] = self._counts.get(trigger, 0) + 1
        placed = self._placed.setdefault(trigger, [])
        placed.append((letter.offset, letter.id))
        if len(placed) < PAGE_IDS:
            return None
        self._placed[trigger] = []
        placed.sort(reverse=True)
        if self._is_ordered(trigger):
            self._runs.setdefault(trigger, []).append(placed)
            return None
        return self._record(trigger, self._counts[trigger] // PAGE_IDS - 1, placed)

    def rest(self) -> Iterator[Record]:
        """The pages that were not full, and all of ordered triggers."""
        for trigger, placed in self._placed.items():
            placed.sort(reverse=True)
            if trigger in self._runs:
                yield from self._merged(trigger, [*self._runs[trigger], placed])
            elif placed:
                yield self._record(trigger, self._counts[trigger] // PAGE_IDS, placed)

    def _merged(self, trigger: str, runs: list[list[Placed]]) -> Iterator[Record]:
        page: list[Placed] = []
        number = 0
        for one in merge(*runs, reverse=True):
            page.append(one)
            if len(page) == PAGE_IDS:
                yield self._record(trigger, number, page)
                page, number = [], number + 1
        if page:
            yield self._record(trigger, number, page)

    def _record(self, trigger: str, page: int, placed: list[Placed]) -> Record:
        key = page_key(self._plan, self._strands[trigger], page)
        return Record(key, orjson.dumps([letter for _, letter in placed]))

    def strands(self) -> tuple[Strand, ...]:
        return tuple(Strand(trigger, count) for trigger, count in self._counts.items())
