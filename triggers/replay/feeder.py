"""What tends the replay jobs of a partition: one task that reads for all and ends each."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from broker.clock import Clock
from broker.storage.log import Log
from triggers.durable import Durable
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.replay.job import State
from triggers.replay.lane import ReplayLane

PAGE_EVENTS = 256
PAGE_BYTES_MAX = 4 * 1024 * 1024
LOOK_SECONDS = 0.5  # at what nobody tells: a trigger that was paused, revised or removed
ROWS = 500
FOREVER = timedelta(days=36_500)


class Keeper(Protocol):
    """Who knows all jobs, as the feeder sees it."""

    def open_lanes(self) -> list[ReplayLane]:
        """Those of jobs that have not ended."""
        ...

    def follow_origin(self, lane: ReplayLane) -> None:
        """Take over what has become of the lane's trigger."""
        ...

    def end(self, lane: ReplayLane) -> None:
        """Nothing is left of the job: it is over with the next checkpoint."""
        ...


class Feeder:
    """Asleep, without a timer, while there is no job.

    `flush` gives back when all that is in the ledger is on disk.
    """

    def __init__(
        self,
        keeper: Keeper,
        log: Log,
        ledger: Ledger,
        durable: Durable,
        clock: Clock,
        wake: Callable[[Lane], None],
        flush: Callable[[], Awaitable[None]],
    ) -> None:
        self._keeper = keeper
        self._log = log
        self._ledger = ledger
        self._durable = durable
        self._clock = clock
        self._wake_lane = wake
        self._flush = flush
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """A job has begun, has room again, or may be done."""
        self._asked.set()

    async def run(self) -> None:
        """Tend until cancelled, a page for each job in turn."""
        while True:
            await self._sleep()
            self._asked.clear()
            lanes = self._keeper.open_lanes()
            while lanes:
                for lane in lanes:
                    await self._tend(lane)
                lanes = [lane for lane in self._keeper.open_lanes() if lane.is_hungry]

    async def _sleep(self) -> None:
        seconds = LOOK_SECONDS if self._keeper.open_lanes() else None
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return

    async def _tend(self, lane: ReplayLane) -> None:
        self._keeper.follow_origin(lane)
        if lane.is_hungry:
            page = await self._log.read(lane.position, PAGE_EVENTS, PAGE_BYTES_MAX)
            if lane.is_hungry:  # not paused or cancelled meanwhile
                lane.feed(page)
        if lane.job.state in (State.CANCELLING, State.FAILING):
            if not lane.in_flight:
                await self._wind_up(lane)
        elif lane.job.state is State.RUNNING:
            if lane.is_done:
                self._keeper.end(lane)
            else:
                self._wake_lane(lane)

    async def _wind_up(self, lane: ReplayLane) -> None:
        await self.take_back(lane.name, lane.discard)
        lane.parked_count = 0
        self._keeper.end(lane)
        await self._flush()

    async def take_back(self, name: str, discard: Callable[[int], None]) -> None:
        """Remove the rows of a job that is to end; `discard` counts them with each removal.

        What the last calls came to is written first, so that what is on disk is all of it.
        The last removal is not written yet.
        """
        await self._flush()
        beyond = self._clock.now() + FOREVER
        while rows := (await self._log.due(name, beyond, ROWS))[0]:
            self._ledger.unparked.extend(row.place for row in rows)
            discard(len(rows))
            await self._flush()
        waiting = sorted(self._durable.named(name))
        self._ledger.unwaiting.extend((name, offset) for offset in waiting)
        discard(len(waiting))
