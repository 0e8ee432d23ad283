"""The ids of a plan on their way into pages, those of each trigger apart. Pure."""

from collections import Counter
from collections.abc import Callable, Iterator
from heapq import merge

import orjson

from broker.storage.rows import Record
from broker.storage.sheet import Placed, Sheet
from triggers.redrive.plan import PAGE_IDS, Strand, page_key


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
        self._made = Counter[str]()  # pages

    def add(self, sheet: Sheet) -> Iterator[Record]:
        """Gives each page that is full now."""
        for trigger, placed in sheet.placed.items():
            self._counts[trigger] = self._counts.get(trigger, 0) + len(placed)
            self._strands.setdefault(trigger, len(self._strands))
            waiting = [*self._placed.get(trigger, ()), *placed]
            while len(waiting) >= PAGE_IDS:
                full = sorted(waiting[:PAGE_IDS], reverse=True)
                waiting = waiting[PAGE_IDS:]
                if self._is_ordered(trigger):
                    self._runs.setdefault(trigger, []).append(full)
                else:
                    yield self._next(trigger, full)
            self._placed[trigger] = waiting

    def rest(self) -> Iterator[Record]:
        """The pages that were not full, and all of ordered triggers."""
        for trigger, placed in self._placed.items():
            placed.sort(reverse=True)
            if trigger in self._runs:
                yield from self._merged(trigger, [*self._runs[trigger], placed])
            elif placed:
                yield self._next(trigger, placed)

    def _merged(self, trigger: str, runs: list[list[Placed]]) -> Iterator[Record]:
        page: list[Placed] = []
        for one in merge(*runs, reverse=True):
            page.append(one)
            if len(page) == PAGE_IDS:
                yield self._next(trigger, page)
                page = []
        if page:
            yield self._next(trigger, page)

    def _next(self, trigger: str, placed: list[Placed]) -> Record:
        number = self._made[trigger]
        self._made[trigger] += 1
        key = page_key(self._plan, self._strands[trigger], number)
        return Record(key, orjson.dumps([letter for _, letter in placed]))

    def strands(self) -> tuple[Strand, ...]:
        return tuple(Strand(trigger, count) for trigger, count in self._counts.items())
