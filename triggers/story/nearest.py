"""The delivered event that is most like a dead letter: of its type and trigger, and nearest.

Looked for in the log before and after it, a page each at a time, so many events at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.event import StoredEvent
from broker.storage.desk import Term
from broker.storage.rows import DeadLetter, DeadState
from triggers.partition import Partition
from triggers.story.chapter import Where, chapter_of
from triggers.story.facts import Verdict
from triggers.story.judging import filter_then, in_force
from triggers.story.pairs import Pairs

PAGE_EVENTS = 250
PAGE_BYTES_MAX = 8 << 20
LOOKED_MAX = 5_000
IDS_MAX = 100  # of events, in one question to the desk
LETTERS_MAX = 1_000  # of so many events, over all triggers
ASKED_MAX = 50  # events of its type of which it is found out whether they were delivered


@dataclass(frozen=True, slots=True)
class Nearest:
    """`stored` None: there is none among the `looked` events; `is_complete`: nor elsewhere."""

    stored: StoredEvent | None
    looked: int
    is_complete: bool


class Search:
    """One search of one partition, for one dead letter."""

    def __init__(self, partition: Partition, letter: DeadLetter) -> None:
        self._partition = partition
        self._pairs = Pairs(partition)
        self._letter = letter
        self._offset = letter.place.offset
        self._looked = self._asked = 0

    async def nearest(self) -> Nearest:
        last = self._partition.router.routed
        low, high = self._offset, self._offset  # between them all was looked at
        while low > 1 or high < last:
            looked = self._looked
            before = await self._between(max(1, low - PAGE_EVENTS), low - 1)
            is_pruned = self._looked == looked
            after = await self._between(high + 1, min(last, high + PAGE_EVENTS))
            low, high = max(1, low - PAGE_EVENTS), min(last, high + PAGE_EVENTS)
            found = await self._delivered_of([*before, *after])
            if found is not None:
                return Nearest(found, self._looked, True)
            if self._asked >= ASKED_MAX:  # of those alike, some may not have been asked about
                return Nearest(None, self._looked, False)
            if self._looked >= LOOKED_MAX:
                return Nearest(None, self._looked, low <= 1 and high >= last)
            if is_pruned:
                low = 1
        return Nearest(None, self._looked, True)

    async def _between(self, first: int, last: int) -> Sequence[int]:
        """The offsets of events of its type that are not dead here, as most are in an outage.

        Only a page of events is in memory at a time.
        """
        found: list[int] = []
        after = first - 1
        while after < last:
            page = await self._partition.engine.log.read(after, last - after, PAGE_BYTES_MAX)
            inside = [stored for stored in page if stored.offset <= last]
            if not inside:
                break
            self._looked += len(inside)
            wanted = self._letter.event.type
            alike = [stored for stored in inside if stored.event.type == wanted]
            dead = await self._dead_among(alike)
            found += [stored.offset for stored in alike if stored.offset not in dead]
            after = inside[-1].offset
        return found

    async def _dead_among(self, alike: Sequence[StoredEvent]) -> set[int]:
        """The offsets of those that the trigger has given up and not delivered since."""
        ids = [stored.event.id for stored in alike]
        found: set[int] = set()
        for start in range(0, len(ids), IDS_MAX):
            some = tuple(ids[start : start + IDS_MAX])
            condition = (Term("event_id", "in", some), Term("state", "!=", DeadState.DELIVERED))
            outlines, _ = await self._partition.engine.desk.outlines(condition, None, LETTERS_MAX)
            name = self._letter.place.trigger
            found |= {one.offset for one in outlines if one.trigger == name}
        return found

    async def _delivered_of(self, alike: Sequence[int]) -> StoredEvent | None:
        """The nearest of `alike` that was delivered."""
        for offset in sorted(alike, key=lambda offset: abs(offset - self._offset)):
            if self._asked >= ASKED_MAX:
                return None
            page = await self._partition.engine.log.read(offset - 1, 1, 1)
            if page and page[0].offset == offset and await self._is_delivered(page[0]):
                return page[0]
        return None

    async def _is_delivered(self, stored: StoredEvent) -> bool:
        name, offset = self._letter.place.trigger, stored.offset
        filter_ = filter_then(self._partition, name, offset)
        revision = in_force(self._partition.revisions.of(name), offset)
        if filter_ is None or revision is None or not filter_.matches(stored.event):
            return False
        self._asked += 1
        verdict = Verdict(name, revision.number, True, None)
        (pair,), _ = await self._pairs.gather(stored, [verdict])
        return chapter_of(pair).where is Where.DELIVERED
