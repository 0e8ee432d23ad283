"""Parked deliveries: the store keeps them, this wakes them when they are due.

Memory holds one due time per trigger, not one per delivery: when it comes, the rows that
are due are read, at most `RETRIES_MAX` of a lane at once.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from broker.clock import Clock
from broker.storage.log import Log
from broker.storage.rows import Checkpoint
from triggers.carriage import resumed
from triggers.lane import RETRIES_MAX, Lane
from triggers.ledger import places_of

SLEEP_SECONDS_MAX = 60.0
LOOK_AGAIN_SECONDS = 0.02


class Parking:
    def __init__(self, log: Log, clock: Clock, wake: Callable[[Lane], None]) -> None:
        self._log = log
        self._clock = clock
        self._wake_lane = wake
        self._lanes: dict[str, Lane] = {}
        self._expecting: set[Lane] = set()  # those with a due time
        self._asked = asyncio.Event()

    def add(self, lane: Lane) -> None:
        self._lanes[lane.name] = lane
        if lane.next_due_at is not None:
            self._expecting.add(lane)
            self._asked.set()

    def committed(self, checkpoint: Checkpoint) -> None:
        """Rows are on disk (or gone from it): only now may they be read again."""
        for place in places_of(checkpoint):
            if (lane := self._lanes.get(place.trigger)) is not None:
                lane.taken.discard(place)
        for row in checkpoint.parked:
            self.expect(self._lanes.get(row.place.trigger), row.due_at)
        for move in checkpoint.moves:
            if move.parked is not None:
                self.expect(self._lanes.get(move.parked.place.trigger), move.parked.due_at)

    def expect(self, lane: Lane | None, due_at: datetime) -> None:
        """A row of `lane` is due then."""
        if lane is None or (lane.next_due_at is not None and lane.next_due_at <= due_at):
            return
        lane.next_due_at = due_at
        self._expecting.add(lane)
        self._asked.set()

    def has_room_again(self, lane: Lane) -> None:
        """`lane` has carried some of its retries; more may be due."""
        if lane.next_due_at is not None and len(lane.retries) < RETRIES_MAX // 2:
            self._asked.set()

    async def run(self) -> None:
        """Take up what is due until cancelled."""
        while True:
            self._asked.clear()
            now = self._clock.now()
            due = self._due(now)
            for lane in due:
                await self._take_up(lane, now)
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
        return not lane.is_paused and len(lane.retries) < RETRIES_MAX // 2

    async def _take_up(self, lane: Lane, now: datetime) -> None:
        limit = RETRIES_MAX - len(lane.retries)
        # Cleared first: a row committed while we read must be able to set it again.
        lane.next_due_at = None
        self._expecting.discard(lane)
        rows, next_due_at = await self._log.due(lane.name, now, limit, frozenset(lane.taken))
        for row in rows:
            lane.taken.add(row.place)
            if row.order_key is not None and lane.turns is not None:
                lane.turns.resume(row.order_key)
            lane.retries.append(resumed(row))
        if next_due_at is not None:
            self.expect(lane, next_due_at)
        self._wake_lane(lane)

    async def _sleep(self) -> None:
        """Until the next due time of a lane that has room, or until asked."""
        now = self._clock.now()
        waits = [
            (lane.next_due_at - now).total_seconds()
            for lane in self._expecting
            if lane.next_due_at is not None and self._has_room(lane)
        ]
        seconds = max(0.0, min(min(waits, default=SLEEP_SECONDS_MAX), SLEEP_SECONDS_MAX))
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return
