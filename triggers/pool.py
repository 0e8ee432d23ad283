"""Slots and fairness: which trigger may begin a call now.

Work is taken only for a free slot, so the log is the queue. Lanes with work stand in one
line and take one call each in turn (round robin); a slot is a worker task that lives as
long as the pool. Half of the slots are for first calls only: a trigger whose sink hangs
can hold its `max_in_flight`, but never the slot by which another trigger begins.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from triggers.lane import Lane

SLOTS_MAX = 1024
SLOTS_RESERVED = 512
ASK_AGAIN_SECONDS_MIN = 0.001
ASK_AGAIN_SECONDS_MAX = 1.0  # of a held target: a hold may end early


class Pool:
    """All slots of a process, over all its partitions."""

    def __init__(self, monotonic: Callable[[], float], slots_max: int = SLOTS_MAX) -> None:
        self._monotonic = monotonic
        self._slots_max = slots_max
        self._shared_max = max(1, slots_max - SLOTS_RESERVED)
        self._line: deque[Lane] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._workers: set[asyncio.Task[None]] = set()
        self._busy_lanes = 0
        self.calls = 0
        self._quiet = asyncio.Event()
        self.is_held = False  # the process drains: no call begins
        self.on_failure: Callable[[BaseException], None] | None = None

    def wake(self, lane: Lane) -> None:
        """`lane` may have work, room or its target back: let it stand in line."""
        if self.is_held:
            return
        calls = lane.takeable_calls()
        if calls <= 0:
            return
        if not lane.is_listed:
            lane.is_listed = True
            self._line.append(lane)
        self._wake_workers(calls)

    def _wake_workers(self, calls: int) -> None:
        idle = self._idle
        while calls > 0 and idle:
            idle.pop().set_result(None)
            calls -= 1
        while calls > 0 and len(self._workers) < self._slots_max:
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._left)
            calls -= 1

    def _left(self, worker: "asyncio.Task[None]") -> None:
        self._workers.discard(worker)
        if not worker.cancelled() and (error := worker.exception()) and self.on_failure:
            self.on_failure(error)

    async def _work(self) -> None:
        """One slot: take the next call that may begin, carry it, again."""
        while True:
            lane = self._next()
            if lane is None:
                ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._idle.append(ticket)
                await ticket
                continue
            batch = lane.take()
            self.calls += 1
            self._busy_lanes += lane.in_flight == 1
            if not lane.is_listed and lane.may_begin:
                lane.is_listed = True
                self._line.append(lane)
            await lane.carry(lane, batch)
            lane.in_flight -= 1
            lane.in_flight_deliveries -= len(batch)
            self.calls -= 1
            self._busy_lanes -= lane.in_flight == 0
            if self.calls == 0 and self.is_held:
                self._quiet.set()
            if not lane.is_listed and lane.may_begin and not self.is_held:
                lane.is_listed = True
                self._line.append(lane)

    def _next(self) -> Lane | None:
        """The first lane in line that may begin a call; those that may not leave the line."""
        for _ in range(len(self._line)):
            if self.is_held:
                return None
            lane = self._line.popleft()
            if lane.in_flight and self.calls - self._busy_lanes >= self._shared_max:
                self._line.append(lane)
                continue
            lane.is_listed = False
            if not lane.may_begin:
                continue
            if (wait := self._wait_seconds(lane)) > 0.0:
                self._later(lane, wait)
                continue
            return lane
        return None

    def _wait_seconds(self, lane: Lane) -> float:
        """0.0: the call may begin, and its rate and target know. Else how long to wait."""
        now = self._monotonic()
        if lane.blocked_until > now:
            return lane.blocked_until - now
        if (wait := lane.rate_wait_seconds(now)) > 0.0:
            return max(ASK_AGAIN_SECONDS_MIN, wait)
        until = lane.target.admit(now)
        if not until:
            return 0.0
        return min(max(ASK_AGAIN_SECONDS_MIN, until - now), ASK_AGAIN_SECONDS_MAX)

    def _later(self, lane: Lane, wait_seconds: float) -> None:
        """Ask again when the target's hold or the rate lets a call go; one timer a lane."""
        if lane.blocked_until <= self._monotonic():
            asyncio.get_running_loop().call_later(wait_seconds, self._ask_again, lane)
        lane.blocked_until = self._monotonic() + wait_seconds

    def _ask_again(self, lane: Lane) -> None:
        lane.blocked_until = 0.0
        self.wake(lane)

    async def quiet(self) -> None:
        """Hold, and wait until no call is in flight; the caller bounds the wait."""
        self.is_held = True
        self._quiet.clear()
        if self.calls:
            await self._quiet.wait()

    async def close(self) -> None:
        """End the idle slots; the caller has waited until no call is in flight."""
        for worker in list(self._workers):
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
