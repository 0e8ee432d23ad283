"""One endpoint as all triggers see it: breaker, ramp and hold, shared by whoever sends there.

Pure: time is passed in (monotonic seconds), chance is handed in. Waiting here uses no attempt
of a delivery; only what was sent does.
"""

from collections.abc import Callable
from enum import StrEnum
from math import inf

from broker.delivery import Delivered, Outcome, OutcomeClass
from sinks.window import Window

OPEN_SECONDS_MIN = 1.0
OPEN_SECONDS_MAX = 30.0
OPEN_GROWTH = 1.5  # after each probe in vain: the end of an outage shows within half of it
FAILURES_MIN_RATIO = 0.5
OUTCOMES_MIN = 20
PROBE_SECONDS_MAX = 60.0  # then its outcome is given up, and another delivery may probe
RATE_MIN_PER_SECOND = 10.0
RATE_MAX_PER_SECOND = 1e6
RAMP_SHARE = 0.1  # of the last good rate
DOUBLING_SECONDS = 0.5
SLOWER = 0.7
GROWTH_PER_SECOND = 0.05
SLOWER_EACH_SECONDS = 0.1  # one step for the overload answers that belong together
FREE_SECONDS = 1.0  # nobody had to wait for so long: the ramp limits nothing any more
CALM_SECONDS = 10.0  # and no overload for so long, where there was one
_TRY_AGAIN_SECONDS = 0.05


class TargetState(StrEnum):
    READY = "ready"
    OPEN = "open"
    PROBING = "probing"
    RAMP = "ramp"
    HOLDING = "holding"
    WAKING = "waking"  # of a model: one call, to see whether it is there
    PAUSED = "paused"


_STRAINING = (OutcomeClass.OVERLOAD, OutcomeClass.TRANSIENT, OutcomeClass.SUSPECT)


def strains(outcome: Outcome) -> bool:
    """Whether an outcome counts against its target: no answer, 429, 503 with Retry-After."""
    if isinstance(outcome, Delivered):
        return False
    if outcome.status is None:  # a model in this process has none either: its class tells
        return outcome.outcome_class in _STRAINING
    return outcome.status == 429 or (
        outcome.status == 503 and outcome.retry_after_seconds is not None
    )


class Target:
    """Ask `admit` before each call and tell `record` after it.

    READY → OPEN at half of ≥ 20 outcomes within 10 s failed → PROBING: one call → RAMP: a
    rate that doubles, falls by overload, then grows slowly → READY once it limits nothing.
    A target that `counts_calls` is a `ModelTarget`, and is asked and told more.
    """

    counts_calls = False
    is_trying = False  # the next call finds out whether the sink works: it carries one delivery
    takes_retries = True

    def __init__(self, name: str, chance: Callable[[], float]) -> None:
        self.name = name
        self._chance = chance  # uniform in 0..1
        self._window = Window()
        self._state = TargetState.READY
        self.is_free = True  # READY: `admit` would say 0.0
        self._until = -inf  # end of OPEN, HOLDING or the wait for a probe
        self._open_seconds = OPEN_SECONDS_MIN
        self._is_paused = False
        self.rate_per_second = inf
        self._good_rate_per_second = 0.0
        self._tokens = 0.0
        self._counted_at = self._waited_at = self._strained_at = self._slowed_at = -inf
        self._doubles = True
        self._was_ramping = False  # when HOLDING began

    @property
    def state(self) -> TargetState:
        return TargetState.PAUSED if self._is_paused else self._state

    def admit(self, now: float) -> float:
        """0.0: send one call now. Else the monotonic time when to ask again (inf: paused)."""
        if self.is_free:
            return 0.0
        if self._is_paused:
            return inf
        if self._state is TargetState.RAMP:
            return self._admit_in_ramp(now)
        if self._state is TargetState.READY:
            return 0.0
        if now < self._until:
            return (
                self._until if self._state is not TargetState.PROBING else now + _TRY_AGAIN_SECONDS
            )
        if self._state is TargetState.HOLDING:
            if self._was_ramping:
                self._go_on(now)
            else:
                self._start_ramp(now)
            return self._admit_in_ramp(now)
        self._state = TargetState.PROBING
        self._until = now + PROBE_SECONDS_MAX
        return 0.0

    def held_seconds(self, now: float) -> float:
        """For how long nothing is sent yet, by a wish of the sink or the breaker; for metrics."""
        if self._state in (TargetState.OPEN, TargetState.HOLDING):
            return max(0.0, self._until - now)
        return 0.0

    def record(self, now: float, failed: bool) -> bool:
        """Count the outcome of an admitted call; `failed` as `strains` says.

        Gives whether the state has changed.
        """
        window = self._window
        if self.is_free and not failed and now < window.slot_ends_at:
            window.good += 1
            return False
        before = self._state
        self._record(now, failed)
        return self._state is not before

    def _record(self, now: float, failed: bool) -> None:
        window = self._window
        if now >= window.slot_ends_at:
            self._turn(now)
        if not failed:
            window.good += 1
            if self._state is TargetState.PROBING:
                self._start_ramp(now)
            return
        window.bad += 1
        if self._state is TargetState.PROBING:
            self._open(now)
        elif self._state in (TargetState.READY, TargetState.RAMP):
            self._strain(now)

    def hold(self, until: float) -> None:
        """Send nothing before `until` (monotonic): the sink's own wish. The longest counts."""
        if self._state in (TargetState.OPEN, TargetState.PROBING):
            self._state = TargetState.OPEN  # its own probe comes after the wish
            self._until = max(self._until, until)
        elif self._state is TargetState.HOLDING:
            self._until = max(self._until, until)
        else:
            self._was_ramping = self._state is TargetState.RAMP
            self._become(TargetState.HOLDING)
            self._until = until

    def pause(self) -> None:
        self._is_paused = True
        self.is_free = False

    def resume(self) -> None:
        self._is_paused = False
        self._become(self._state)

    def _become(self, state: TargetState) -> None:
        self._state = state
        self.is_free = state is TargetState.READY and not self._is_paused

    def _turn(self, now: float) -> None:
        """Keep the rate of a good second, as measure for the next ramp."""
        good, bad, seconds = self._window.turn(now)
        if self._state is TargetState.READY and good > bad:
            rate = good / seconds
            share = 0.3 if rate < self._good_rate_per_second else 0.7
            self._good_rate_per_second += share * (rate - self._good_rate_per_second)

    def _strain(self, now: float) -> None:
        good, bad = self._window.totals()
        if good + bad >= OUTCOMES_MIN and bad >= FAILURES_MIN_RATIO * (good + bad):
            self._open(now)
        elif self._state is TargetState.RAMP:
            self._doubles = False
            self._strained_at = now
            if now >= self._slowed_at + SLOWER_EACH_SECONDS:
                self._refill(now)
                self.rate_per_second = max(RATE_MIN_PER_SECOND, self.rate_per_second * SLOWER)
                self._tokens = min(self._tokens, 0.0)
                self._slowed_at = now

    def _open(self, now: float) -> None:
        self._become(TargetState.OPEN)
        self._window.clear()
        self._until = now + self._open_seconds * (0.75 + 0.5 * self._chance())
        self._open_seconds = min(OPEN_GROWTH * self._open_seconds, OPEN_SECONDS_MAX)

    def _start_ramp(self, now: float) -> None:
        self._become(TargetState.RAMP)
        self._window.clear()
        self.rate_per_second = max(RATE_MIN_PER_SECOND, RAMP_SHARE * self._good_rate_per_second)
        self._tokens = 1.0
        self._counted_at = self._waited_at = now
        self._strained_at = self._slowed_at = -inf
        self._doubles = True

    def _go_on(self, now: float) -> None:
        """In the ramp where the sink's wish has interrupted it, slower."""
        self._become(TargetState.RAMP)
        self.rate_per_second = max(RATE_MIN_PER_SECOND, self.rate_per_second * SLOWER)
        self._tokens = 1.0
        self._counted_at = self._waited_at = self._strained_at = self._slowed_at = now
        self._doubles = False

    def _admit_in_ramp(self, now: float) -> float:
        self._refill(now)
        if self._is_over(now):
            self._become(TargetState.READY)
            self.rate_per_second = inf
            self._open_seconds = OPEN_SECONDS_MIN
            return 0.0
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        self._waited_at = now
        return now + (1.0 - self._tokens) / self.rate_per_second

    def _refill(self, now: float) -> None:
        passed = max(0.0, now - self._counted_at)
        self._counted_at = now
        doublings = passed / DOUBLING_SECONDS
        growth = 2.0 ** min(doublings, 30.0) if self._doubles else 1.0 + GROWTH_PER_SECOND * passed
        self._tokens += passed * self.rate_per_second
        self.rate_per_second = min(RATE_MAX_PER_SECOND, self.rate_per_second * growth)
        # A tenth of a second may be saved up: enough for a coarse timer, no burst.
        self._tokens = min(self._tokens, max(1.0, self.rate_per_second / 10))

    def _is_over(self, now: float) -> bool:
        calm_seconds = FREE_SECONDS if self._doubles else CALM_SECONDS
        return now >= self._waited_at + FREE_SECONDS and now >= self._strained_at + calm_seconds
