"""The lanes of a partition: who joins them, and who leaves them when nothing is left to do."""

from triggers.enrolment import Enrolment
from triggers.failures import GONE
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.parking import Parking
from triggers.recall import Recall
from triggers.router import Router


class Roster:
    """`lanes` are by name, companions among them."""

    def __init__(self, router: Router, parking: Parking, recall: Recall, ledger: Ledger) -> None:
        self.lanes: dict[str, Lane] = {}
        self._router = router
        self._parking = parking
        self._recall = recall
        self._ledger = ledger
        self._leaving: dict[Lane, None] = {}

    def add(self, lane: Lane) -> None:
        """A trigger's lane and its companion begin; revisions are on disk before they are fed."""
        self.lanes[lane.name] = lane
        self._router.enrol(lane)
        self._parking.add(lane)
        if lane.companion is not None:
            self.add_companion(lane.companion)
        if lane.is_removing:
            self._leaving[lane] = None
        for key in lane.turns.orphans() if lane.turns is not None else ():
            offset = lane.turns.release(key) if lane.turns is not None else None
            assert isinstance(offset, int)
            self._recall.ask(lane, offset, key)

    def add_companion(self, companion: Lane) -> None:
        self.lanes[companion.name] = companion
        self._parking.add(companion)
        self._leaving.pop(companion, None)

    def leave(self, lane: Lane) -> None:
        """Once `lane` has nothing left to do, it goes; see `sweep`."""
        self._leaving[lane] = None
        self._ledger.touch(lane)

    def stay(self, lane: Lane) -> None:
        self._leaving.pop(lane, None)

    def sweep(self, enrolment: Enrolment) -> list[Lane]:
        """After a checkpoint: the triggers that have ended by it."""
        if not self._leaving:
            return []
        gone = [lane for lane in self._leaving if self._is_through(lane)]
        for lane in gone:
            del self._leaving[lane]
            self._drop(lane)
            if lane.companion is not None:
                self._drop(lane.companion)
        ended = [lane for lane in gone if not lane.is_companion]
        for lane in ended:
            enrolment.forget(lane)
        return ended

    def _is_through(self, lane: Lane) -> bool:
        """Whether nothing of it is left, in memory or on disk."""
        if lane.has_row or lane.holds or lane in self._ledger.touched:
            return False
        return self.is_done(lane)

    @staticmethod
    def is_done(lane: Lane) -> bool:
        """Whether a trigger and its companion have nothing left to do."""
        if lane.companion is not None and not is_empty(lane.companion):
            return False
        return is_empty(lane)

    def _drop(self, lane: Lane) -> None:
        if self.lanes.get(lane.name) is lane:
            del self.lanes[lane.name]
            lane.holds.add(GONE)
            self._parking.remove(lane)
        if not lane.is_companion:
            self._router.remove(lane)


def is_empty(lane: Lane) -> bool:
    """Whether it has nothing to carry and nothing that is to be settled."""
    if not lane.is_following_idle or lane.in_flight or lane.taken:
        return False
    if lane.turns is not None and not lane.turns.is_idle:
        return False
    return lane.parked_count <= 0 and not (lane.retries or lane.released or lane.held)
