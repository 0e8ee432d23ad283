"""`onFull: dead-letter`: the oldest backlog of a trigger goes to the desk, reason `backlog`."""

from collections.abc import Awaitable, Callable, Sequence

from broker.delivery import Failed, OutcomeClass, Reason
from broker.event import StoredEvent
from broker.storage.log import Log
from triggers.carriage import fresh
from triggers.failures import Failures
from triggers.lane import Lane

PAGE_EVENTS = 256
PAGE_BYTES_MAX = 4 * 1024 * 1024
OVERFLOW = Failed(
    OutcomeClass.OVERLOAD,
    "the trigger's backlog has reached maxBacklogBytes",
    reason=Reason.BACKLOG,
)


class Overflow:
    """Buries what a trigger has not begun, oldest first; nothing of it was attempted."""

    def __init__(self, log: Log, failures: Failures) -> None:
        self._log = log
        self._failures = failures

    async def bury_all(
        self, lanes: Sequence[Lane], up_to: int, flush: Callable[[], Awaitable[None]]
    ) -> None:
        """Bury what those of `lanes` that say so have up to `up_to`, a page a checkpoint."""
        for lane in lanes:
            if lane.spec.on_full == "dead-letter" and not lane.is_companion:
                while await self.bury(lane, up_to):
                    await flush()

    async def bury(self, lane: Lane, up_to: int) -> int:
        """Bury matching events with offset <= `up_to` that wait in memory or log; gives how many.

        What is in flight or parked goes on. One page per commit is the caller's pace; pages
        where nothing matches are passed by, and 0 means that there is nothing left to bury.
        """
        buried = 0
        if lane.holds:  # an operator moves or ends it: what is too much is asked again soon
            return 0
        while (stored := lane.drop_oldest(up_to)) is not None:
            self._bury_one(lane, stored)
            buried += 1
        while not buried and not lane.is_following and lane.position < up_to:
            before = lane.position
            page = await self._log.read(before, PAGE_EVENTS, PAGE_BYTES_MAX)
            if lane.holds or lane.position < before:
                break
            before = lane.position
            buried = self._bury_page(lane, page, up_to)
            if lane.position == before:
                break
        return buried

    def _bury_page(self, lane: Lane, page: Sequence[StoredEvent], up_to: int) -> int:
        """What the reader has not fed to the lane while the page was read.

        An unordered lane's cursor covers nothing beyond the first event in its queue.
        """
        buried = 0
        is_held_up = bool(lane.queue) and lane.turns is None
        for stored in page:
            if lane.position >= stored.offset or stored.offset > up_to or is_held_up:
                continue
            lane.position = stored.offset
            filter_ = lane.filter_at(stored.offset)
            if filter_ is None or lane.is_skipped(stored.offset):
                continue
            if filter_.matches(stored.event):
                self._bury_one(lane, stored)
                buried += 1
        lane.ledger.touch(lane)
        return buried

    def _bury_one(self, lane: Lane, stored: StoredEvent) -> None:
        carriage = fresh(lane.id_prefix, lane.name, stored)
        carriage.attempt = 0
        lane.leave(carriage, delivered=False)
        self._failures.bury(lane, carriage, OVERFLOW, Reason.BACKLOG, ())
