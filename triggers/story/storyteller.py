"""Gather what memory and store know of one event, and tell it. Changes nothing."""

from broker.event import StoredEvent
from triggers.partition import Partition
from triggers.story.facts import Facts
from triggers.story.judging import judge
from triggers.story.pairs import PAIRS_MAX, Pairs
from triggers.story.telling import Story, tell

REFUSALS_MAX = 20
CAUSES_MAX = 16
REPLIES_MAX = 100
REPLY_DEPTH_MAX = 3


class Storyteller:
    """Tells stories of one partition's events while it works."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self._pairs = Pairs(partition)
        self._log = partition.engine.log

    async def tell(self, stored: StoredEvent) -> Story:
        """Bounded in all it holds: what is beyond is counted, or said to be cut."""
        judged = await judge(stored, self._partition, PAIRS_MAX, REFUSALS_MAX)
        pairs, others = await self._pairs.gather(stored, judged.matching)
        replies, is_cut = await self._replies(stored.offset)
        return tell(
            Facts(
                stored,
                await self._causes(stored),
                pairs,
                judged.refusing,
                judged.matched,
                judged.unmatched,
                others,
                replies,
                is_cut,
            )
        )

    async def _causes(self, stored: StoredEvent) -> tuple[StoredEvent, ...]:
        """Up from a reply, as far as the log still reaches."""
        found: list[StoredEvent] = []
        cause = stored.cause
        while cause is not None and len(found) < CAUSES_MAX:
            page = await self._log.read(cause.offset - 1, 1, 1)
            if not page or page[0].offset != cause.offset:
                break
            found.append(page[0])
            cause = page[0].cause
        return tuple(found)

    async def _replies(self, offset: int) -> tuple[list[StoredEvent], bool]:
        """Breadth first; true where there are more, or there may be some beyond the depth."""
        found: list[StoredEvent] = []
        level = [offset]
        for _ in range(REPLY_DEPTH_MAX):
            below: list[StoredEvent] = []
            for one in level:
                left = REPLIES_MAX - len(found) - len(below)
                replies = await self._log.caused_by(one, left + 1)
                below += replies[:left]
                if len(replies) > left:
                    return found + below, True
            found += below
            level = [stored.offset for stored in below]
        is_cut = bool(level) and bool(await self._log.caused_by(level[0], 1))
        return found, is_cut
