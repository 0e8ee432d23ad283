"""Parked deliveries: the store keeps them, this wakes them when they are due.

Memory holds one due time per trigger, not one per delivery: when it comes, the rows that
are due are read, at most `RETRIES_MAX` of a lane at once.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from broker.clock import Clock
from broker.storage.log import Log
from broker.storage.rows import Checkpoint, ParkedRow
from triggers.carriage import resumed
from triggers.kept import Kept
from triggers.lane import ENDING, RETRIES_MAX, Lane
from triggers.ledger import places_of
from triggers.mending import FAR_AWAY, Mending, age_when_taken

SLEEP_SECONDS_MAX = 60.0
LOOK_AGAIN_SECONDS = 0.02


class Parking:
    def __init__(self, log: Log, clock: Clock, wake: Callable[[Lane], None]) -> None:
        self._log = log
        self._clock = clock
        self._wake_lane = wake
        self._lanes: dict[str, Lane] = {}
        self._expecting: set[Lane] = set()  # those with a due time
        self._mending: dict[Lane, Mending] = {}
        self._kept = Kept()
        self._asked = asyncio.Event()

    def add(self, lane: Lane) -> None:
        self._lanes[lane.name] = lane
        if lane.next_due_at is not None:
            self._expecting.add(lane)
            self._asked.set()

    def remove(self, lane: Lane) -> None:
        """The lane of a trigger or job has ended; no row of it is left."""
        self._lanes.pop(lane.name, None)
        self._expecting.discard(lane)
        self._mending.pop(lane, None)

    def look(self) -> None:
        """A lane may take rows again that might not for a while."""
        self._asked.set()

    def mend(self, lane: Lane, calls_seconds: float) -> None:
        """`lane` has another sink: what waits because of the old one is tried again soon.

        Calls to the old one end within `calls_seconds`.
        """
        if lane.parked_count > 0 or lane.in_flight:
            self._mending[lane] = Mending(self._clock.now(), calls_seconds)
            self._asked.set()

    def committed(self, checkpoint: Checkpoint) -> None:
        """Rows are on disk (or gone from it): only now may they be read again."""
        for place in places_of(checkpoint):
            if (lane := self._lanes.get(place.trigger)) is not None:
                lane.taken.discard(place)
        self._kept.note(checkpoint)
        for row in checkpoint.parked:
            self.expect(self._lanes.get(row.place.trigger), row.due_at)
        for move in checkpoint.moves:
            if move.parked is not None:
                self.expect(self._lanes.get(move.parked.place.trigger), move.parked.due_at)
        for name in {place.trigger for place in places_of(checkpoint)}:
            lane = self._lanes.get(name)
            if lane is not None and _may_be_empty(lane):
                self.expect(lane, self._clock.now())

    def expect(self, lane: Lane | None, due_at: datetime) -> None:
        """A row of `lane` is due then."""
        if lane is None or (lane.next_due_at is not None and lane.next_due_at <= due_at):
            return
        lane.next_due_at = due_at
        self._expecting.add(lane)
        self._asked.set()

    def has_room_again(self, lane: Lane) -> None:
        """`lane` has carried some of its retries; more may be due."""
        if lane.next_due_at is not None and _due_count(lane) < RETRIES_MAX // 2:
            self._asked.set()

    async def run(self) -> None:
        """Take up what is due until cancelled."""
        while True:
            self._asked.clear()
            now = self._clock.now()
            due = self._due(now)
            for lane in due:
                await self._take_up(lane, now)
            mended = [lane for lane in self._mending if self._is_next(lane, now)]
            for lane in mended:
                await self._mend(lane)
            if due:
                # What falls due meanwhile shares one look into the store.
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await self._sleep()

    def _due(self, now: datetime) -> list[Lane]:
        return [
            lane
            for lane in self._expecting
            if lane.next_due_at is not None and lane.next_due_at <= now and self._has_room(lane)
        ]

    @staticmethod
    def _has_room(lane: Lane) -> bool:
        if lane.is_paused or ENDING in lane.holds:
            return False
        return _due_count(lane) < RETRIES_MAX // 2

    def _is_next(self, lane: Lane, now: datetime) -> bool:
        mending = self._mending.get(lane)
        return mending is not None and mending.next_at <= now and self._has_room(lane)

    async def _take_up(self, lane: Lane, now: datetime) -> None:
        limit = RETRIES_MAX - _due_count(lane)
        # Cleared first: a row committed while we read must be able to set it again.
        lane.next_due_at = None
        self._expecting.discard(lane)
        rows, next_due_at = await self._log.due(
            lane.name, now, limit, frozenset(lane.taken), self._kept.rows
        )
        self._take(lane, rows)
        if next_due_at is not None:
            self.expect(lane, next_due_at)
        elif _may_be_empty(lane):
            lane.parked_count = 0
            lane.ledger.touch(lane)
        self._wake_lane(lane)

    async def _mend(self, lane: Lane) -> None:
        """One step: rows that failed at the old sink, though they are not due yet."""
        mending = self._mending.get(lane)
        if mending is None:  # removed while another one's rows were read
            return
        now = self._clock.now()
        limit = min(mending.step(now), RETRIES_MAX - _due_count(lane))
        rows, _ = await self._log.due(lane.name, FAR_AWAY, limit, frozenset(lane.taken))
        old = [row for row in rows if mending.concerns(row)]
        if not old and mending.is_over(now):
            self._mending.pop(lane, None)
        self._take(lane, old)
        self._wake_lane(lane)

    def _take(self, lane: Lane, rows: Iterable[ParkedRow]) -> None:
        """Put `rows` where their next attempt begins."""
        if ENDING in lane.holds:  # since they were asked for
            return
        now = self._clock.now()
        for row in rows:
            if row.place in lane.taken:
                continue
            lane.taken.add(row.place)
            carriage = resumed(age_when_taken(row, lane.pauses, now))
            if row.order_key is None or lane.turns is None or lane.turns.resume(carriage):
                lane.retry(carriage)

    async def _sleep(self) -> None:
        """Until the next due time of a lane that has room, or until asked."""
        now = self._clock.now()
        waits = [
            (lane.next_due_at - now).total_seconds()
            for lane in self._expecting
            if lane.next_due_at is not None and self._has_room(lane)
        ]
        waits += [
            (mending.next_at - now).total_seconds()
            for lane, mending in self._mending.items()
            if self._has_room(lane)
        ]
        seconds = max(0.0, min(min(waits, default=SLEEP_SECONDS_MAX), SLEEP_SECONDS_MAX))
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return


def _due_count(lane: Lane) -> int:
    """How many rows it holds that are due and not in a call."""
    return len(lane.retries) + len(lane.redriven.waiting)


def _may_be_empty(lane: Lane) -> bool:
    """Whether a deadLetterSink's rows may be fewer than were counted: then the store is asked.

    The copy of a dead letter that dies again takes the place of one that still waits.
    """
    if not lane.is_companion or lane.taken:
        return False
    return lane.parked_count > 0 and lane.next_due_at is None
