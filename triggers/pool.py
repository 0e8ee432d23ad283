"""Slots and fairness: which trigger may begin a call now.

Work is taken only for a free slot, so the log is the queue. Lanes with work stand in one
line and take one call each in turn (round robin). Half of the slots are for first calls
only: a trigger whose sink hangs can hold its `max_in_flight`, but never the slot by which
another trigger begins.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from math import inf

from sinks.target_model import Asker, ModelTarget
from triggers.caution import Turn
from triggers.gathering import end_gathering, gathers
from triggers.lane import Lane

SLOTS_MAX = 1024
SLOTS_RESERVED = 512
ASK_AGAIN_SECONDS_MIN = 0.001
ASK_AGAIN_SECONDS_MAX = 1.0  # of a held target: a hold may end early


class Pool:
    """All slots of a process, over all its partitions. No task: calls begin and end by calls."""

    def __init__(self, monotonic: Callable[[], float], slots_max: int = SLOTS_MAX) -> None:
        self._monotonic = monotonic
        self._slots_max = slots_max
        self._shared_max = max(1, slots_max - SLOTS_RESERVED)
        self._line: deque[Lane] = deque()
        self._busy_lanes = 0
        self._is_pumping = False
        self._is_asked = False
        self._on_end = self._ended  # bound once
        self.calls = 0
        self.turn = Turn()
        self._quiet = asyncio.Event()
        self.is_held = False  # the process drains: no call begins

    def wake(self, lane: Lane) -> None:
        """`lane` may have work, room or its target back: let it stand in line.

        Calls begin in the next turn of the loop: whoever was stored is answered first.
        """
        if lane.is_listed or self.is_held or not lane.may_begin:
            return
        lane.is_listed = True
        self._line.append(lane)
        if not self._is_asked:
            self._is_asked = True
            asyncio.get_running_loop().call_soon(self._asked)

    def _asked(self) -> None:
        self._is_asked = False
        self._pump()

    def _pump(self) -> None:
        """Begin calls while there are free slots and lanes that may."""
        if self._is_pumping:
            return  # a call that ended at once has come back here: the loop below goes on
        self._is_pumping = True
        try:
            while (lane := self._next()) is not None:
                self._begin(lane)
        finally:
            self._is_pumping = False

    def _begin(self, lane: Lane) -> None:
        if lane.gathering is not None:
            end_gathering(lane)
        batch = lane.take()
        self.calls += 1
        self._busy_lanes += lane.in_flight == 1
        if lane.in_flight < lane.max_in_flight and lane.may_begin:
            lane.is_listed = True
            self._line.append(lane)
        lane.carry(lane, batch, self._on_end)

    def _ended(self, lane: Lane, deliveries: int) -> None:
        lane.in_flight -= 1
        lane.in_flight_deliveries -= deliveries
        self.calls -= 1
        self._busy_lanes -= lane.in_flight == 0
        if self.is_held:
            if self.calls == 0:
                self._quiet.set()
            return
        if lane.is_listed or not lane.may_begin:
            if self._line and not self._is_pumping:
                self._pump()
        elif self._line or self._is_pumping or not self._is_free(lane):
            lane.is_listed = True
            self._line.append(lane)
            self._pump()
        else:  # the usual case under load: nobody else waits, and nothing limits this one
            self._is_pumping = True
            try:
                self._begin(lane)
            finally:
                self._is_pumping = False
            if self._line:
                self._pump()

    def _is_free(self, lane: Lane) -> bool:
        """Whether `_next` would let it go without a look at the clock."""
        return (
            lane.target.is_free
            and lane.rate is None
            and not lane.delay_seconds
            and not lane.blocked_until
            and (not lane.in_flight or self.calls - self._busy_lanes < self._shared_max)
        )

    def _next(self) -> Lane | None:
        """The first lane in line that may begin a call; those that may not leave the line."""
        if self.calls >= self._slots_max or self.is_held:
            return None
        for _ in range(len(self._line)):
            lane = self._line.popleft()
            if lane.in_flight and self.calls - self._busy_lanes >= self._shared_max:
                self._line.append(lane)
                continue
            lane.is_listed = False
            if not lane.may_begin:
                continue
            if lane.delay_seconds and gathers(lane, partial(self.wake, lane)):
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
        if lane.rate is not None and (wait := lane.rate_wait_seconds(now)) > 0.0:
            return max(ASK_AGAIN_SECONDS_MIN, wait)
        if isinstance(lane.target, ModelTarget):
            return _model_wait_seconds(lane, lane.target, now)
        until = lane.target.admit(now)
        if not until:
            return 0.0
        return min(max(ASK_AGAIN_SECONDS_MIN, until - now), ASK_AGAIN_SECONDS_MAX)

    def _later(self, lane: Lane, wait_seconds: float) -> None:
        """Ask again when the target's hold or the rate lets a call go; one timer a lane."""
        target = lane.target
        if wait_seconds == inf and isinstance(target, ModelTarget):
            target.call_back(lane.name, partial(self._ask_again, lane))
            return
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


def _model_wait_seconds(lane: Lane, target: ModelTarget, now: float) -> float:
    """As `_wait_seconds`; inf: the target calls back when a call of it has ended."""
    fresh = len(lane.queue) + len(lane.held) + len(lane.released)
    until = target.admit_call(now, Asker(lane.name, fresh, len(lane.retries)))
    if until in (0.0, inf):
        return until
    return min(max(ASK_AGAIN_SECONDS_MIN, until - now), ASK_AGAIN_SECONDS_MAX)
