"""The way of jobs' calls to a model that live events call too: its limits, holds, their share."""

import asyncio
from collections.abc import Callable, Sequence
from math import inf

from broker.clock import Clock
from broker.delivery import Failed, Outcome
from sinks.target import Target, strains
from sinks.target_model import Asker, ModelTarget

ASK_AGAIN_SECONDS_MIN = 0.001
ASK_AGAIN_SECONDS_MAX = 1.0  # of a held target: a hold may end early
LIVE_SECONDS = 0.05  # after which to look again whether live events wait
ASKER = "file jobs"


class Admission:
    """Of all jobs of a partition. `lives(target)` says whether live events wait for a target."""

    def __init__(self, clock: Clock, lives: Callable[[Target], bool]) -> None:
        self._clock = clock
        self._lives = lives
        self._calls: dict[Target, int] = {}  # of jobs, in flight
        self._changed = asyncio.Event()

    async def enter(self, target: Target, calls_max: int, share: float) -> None:
        """Wait until one call of a job may begin; tell `leave` when it has ended.

        While live events wait, jobs have at most `share` of the `calls_max` calls, one at least.
        """
        while (wait_seconds := self._wait_seconds(target, calls_max, share)) > 0.0:
            self._changed.clear()
            try:
                async with asyncio.timeout(wait_seconds):
                    await self._changed.wait()
            except TimeoutError:
                continue
        self._calls[target] = self._calls.get(target, 0) + 1
        if isinstance(target, ModelTarget):
            target.begin_call(False)

    def leave(self, target: Target, outcomes: Sequence[Outcome]) -> None:
        """A call has ended, with these outcomes: none where it was given up."""
        self._calls[target] -= 1
        if not self._calls[target]:
            del self._calls[target]
        now = self._clock.monotonic()
        if outcomes:
            target.record(now, any(strains(each) for each in outcomes))
        wishes = [
            each.retry_after_seconds
            for each in outcomes
            if isinstance(each, Failed) and each.retry_after_seconds is not None
        ]
        if wishes:
            target.hold(now + max(wishes))
        if isinstance(target, ModelTarget):
            target.end_call(False)
        self._changed.set()

    def _wait_seconds(self, target: Target, calls_max: int, share: float) -> float:
        """0.0: the call is admitted."""
        calls = self._calls.get(target, 0)
        if calls >= calls_max:
            return ASK_AGAIN_SECONDS_MAX
        if calls >= max(1, int(share * calls_max)) and self._lives(target):
            return LIVE_SECONDS
        now = self._clock.monotonic()
        if isinstance(target, ModelTarget):
            until = target.admit_call(now, Asker(ASKER, 1, 0))
            if until == inf:
                target.call_back(ASKER, self._changed.set)
        else:
            until = target.admit(now)
        if not until:
            return 0.0
        return min(max(ASK_AGAIN_SECONDS_MIN, until - now), ASK_AGAIN_SECONDS_MAX)
