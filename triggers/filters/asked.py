"""Filters without an indexable condition: asked for every event, CESQL ones fused."""

from collections.abc import Callable
from typing import Generic, TypeVar

from broker.event import Event
from triggers.filters.entry import Entry
from triggers.filters.expression import CesqlFilter

T = TypeVar("T")

# Adding or removing one filter compiles its chunk again: larger chunks share more of
# their tests, smaller ones compile faster (256 take about 10 ms).
CHUNK_FILTERS = 256


class Chunk(Generic[T]):
    """Up to CHUNK_FILTERS CESQL filters that are one function, compiled when first asked."""

    __slots__ = ("_select", "entries")

    def __init__(self) -> None:
        self.entries: dict[int, tuple[CesqlFilter, T]] = {}
        self._select: Callable[[Event], list[int]] | None = None

    def changed(self) -> None:
        self._select = None

    def prepare(self) -> Callable[[Event], list[int]]:
        if self._select is None:
            from triggers.filters.cesql.fuse import fuse  # only where there is a CESQL filter

            self._select = fuse([(order, part) for order, (part, _) in self.entries.items()])
        return self._select

    def collect(self, event: Event, found: dict[int, T]) -> None:
        select = self._select or self.prepare()
        for order in select(event):
            found[order] = self.entries[order][1]


class Asked(Generic[T]):
    """The entries that no key narrows."""

    __slots__ = ("_chunks", "_entries", "_home")

    def __init__(self) -> None:
        self._entries: dict[int, Entry[T]] = {}
        self._chunks: list[Chunk[T]] = []
        self._home: dict[int, Chunk[T]] = {}  # the chunk of each fused entry

    def __len__(self) -> int:
        return len(self._entries) + len(self._home)

    def add(self, entry: Entry[T]) -> None:
        if not isinstance(entry.filter, CesqlFilter):
            self._entries[entry.order] = entry
            return
        if not self._chunks or len(self._chunks[-1].entries) >= CHUNK_FILTERS:
            self._chunks.append(Chunk())
        chunk = self._home[entry.order] = self._chunks[-1]
        chunk.entries[entry.order] = (entry.filter, entry.item)
        chunk.changed()

    def remove(self, entry: Entry[T]) -> None:
        chunk = self._home.pop(entry.order, None)
        if chunk is None:
            del self._entries[entry.order]
            return
        del chunk.entries[entry.order]
        chunk.changed()
        if not chunk.entries:
            self._chunks.remove(chunk)

    def prepare(self) -> None:
        """Compile what changed now, so that the next event does not wait for it."""
        for chunk in self._chunks:
            chunk.prepare()

    def collect(self, event: Event, found: dict[int, T]) -> None:
        """Put the matching items into `found` by their order."""
        for order, entry in self._entries.items():
            if entry.ask is None or entry.ask(event):
                found[order] = entry.item
        for chunk in self._chunks:
            chunk.collect(event, found)
