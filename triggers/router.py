"""Route: stored events to the lanes of the triggers that match them."""

from collections.abc import Collection, Container, Iterable, Sequence

from broker.event import StoredEvent
from broker.failpoint import reach
from triggers.filters.index import FilterIndex
from triggers.lane import Lane
from triggers.recent import Recent

FEED_ONE_BY_ONE_MAX = 8


class Router:
    """Fast lane: what was just stored goes to following lanes from memory.

    A lane that has no room falls behind and is fed by the reader. `routed` is the offset
    up to which every event was offered to every following lane.
    """

    def __init__(self) -> None:
        self.index: FilterIndex[Lane] = FilterIndex()
        self.routed = 0
        self.recent = Recent()
        self.woken: Collection[Lane] = ()  # those that got some of the last commit
        self.behind: set[Lane] = set()

    def enrol(self, lane: Lane) -> None:
        """The lane's present filter counts from now on; what it has missed it reads first."""
        if not lane.is_removing:
            self.index.add(lane, lane.revisions[-1][2])
        if lane.position >= self.routed and not lane.holds:
            lane.is_following = True
            if lane.has_row:  # as in `catch_up`: the row would stand still from now on
                lane.ledger.touch(lane)
        else:
            self.behind.add(lane)

    def revise(self, lane: Lane) -> None:
        """The lane has another present filter, or none any more."""
        if lane in self.index:
            self.index.remove(lane)
        if not lane.is_removing:
            self.index.add(lane, lane.revisions[-1][2])

    def remove(self, lane: Lane) -> None:
        if lane in self.index:
            self.index.remove(lane)
        self.behind.discard(lane)

    def route(self, group: Sequence[StoredEvent]) -> Iterable[Lane]:
        """Push one commit's events; gives the lanes that got some."""
        woken: dict[Lane, None] = {}
        match = self.index.match
        for stored in group:
            for lane in match(stored.event):
                if not lane.is_following:
                    continue
                if lane.is_paused or not lane.has_room:
                    self.fall_behind(lane, stored.offset - 1)
                    continue
                lane.push(stored)
                woken[lane] = None
        if group:
            self.routed = group[-1].offset
            self.recent.add(group)
            self.woken = woken.keys()
        reach("route.after")
        return woken

    def fall_behind(self, lane: Lane, position: int) -> None:
        """From `position` on the lane is fed from the log."""
        lane.is_following = False
        lane.position = position
        self.behind.add(lane)
        lane.ledger.touch(lane)

    def feed(self, lanes: Sequence[Lane], page: Sequence[StoredEvent], after: int) -> None:
        """Offer a page of the log, contiguous from `after`, to lanes that are behind.

        Each lane goes on from its own position, as far as it has room.
        """
        if not page:
            return
        end = page[-1].offset
        standing = [
            lane
            for lane in lanes
            # While the page was read, an operator may have moved, held or removed it.
            if after <= lane.position < end and lane in self.behind and not lane.holds
        ]
        if len(standing) <= FEED_ONE_BY_ONE_MAX:
            for lane in standing:
                self._feed_one(lane, page)
        else:
            self._feed_indexed(standing, page)
        for lane in standing:
            if lane.position >= self.routed:
                self.catch_up(lane)
            elif lane.has_row:
                lane.ledger.touch(lane)

    def catch_up(self, lane: Lane) -> None:
        """The lane has been offered all there is: from now on it follows."""
        lane.position = self.routed
        lane.is_following = True
        self.behind.discard(lane)
        lane.ledger.touch(lane)

    def lowest_without_row(self, touched: Container[Lane] = ()) -> int:
        """Where the store may think that lanes without a cursor row stand.

        Lanes that are `touched` get a row by the checkpoint that asks. One that begins or is
        sought far behind counts no other way, or all that lean on routing went back with it.
        """
        standing = (x.position for x in self.behind if not x.has_row and x not in touched)
        return min(standing, default=self.routed)

    def _feed_indexed(self, standing: Sequence[Lane], page: Sequence[StoredEvent]) -> None:
        """Many lanes at once: one look into the index per event, as for events just stored."""
        end = page[-1].offset
        current = {lane for lane in standing if lane.revisions[-1][1] <= lane.position + 1}
        for lane in standing:
            if lane not in current:
                self._feed_one(lane, page)
        for stored in page:
            offset = stored.offset
            for lane in self.index.match(stored.event):
                if lane not in current or offset <= lane.position or lane.is_skipped(offset):
                    continue
                if lane.has_room:
                    lane.push(stored)
                else:
                    current.discard(lane)
                    lane.position = offset - 1
        for lane in current:
            lane.position = end

    @staticmethod
    def _feed_one(lane: Lane, page: Sequence[StoredEvent]) -> None:
        for stored in page:
            offset = stored.offset
            if offset <= lane.position:
                continue
            if not (lane.skip and lane.is_skipped(offset)):
                filter_ = lane.filter_at(offset)
                if filter_ is not None and filter_.matches(stored.event):
                    if not lane.has_room:
                        return
                    lane.push(stored)
            lane.position = offset
