"""Whether a model is called now: asleep, waking, broken or ready. Pure.

READY → HOLDING where it is not there → WAKING: one call → READY, or HOLDING again, for longer.
READY → OPEN where it is broken → PROBING: one call → READY, or OPEN again, for longer.
READY → PAUSED where its configuration is wrong and other variants go on, until `release`.
Waiting uses no attempt. Time is monotonic seconds, chance is handed in.
"""

from collections import deque
from collections.abc import Callable, Collection
from enum import Enum
from math import inf
from typing import NamedTuple

from broker.delivery import OutcomeClass
from sinks.inference_spec import BreakerSpec, HoldSpec
from sinks.target import TargetState
from sinks.target_breaker import Breaker

HOLDS_KEPT = 20
LEARNING_SHARE = 0.3  # of the latest cold start in the mean
LOOK_SECONDS_MIN = 1.0
TRYING_SECONDS = 5.0  # while one call finds out


class Entry(Enum):
    """As what a call was let in."""

    USUAL = "usual"
    WAKE = "wake"
    PROBE = "probe"  # of the breaker


class HoldEnded(NamedTuple):
    """One time that the model was away; monotonic seconds. `wakes` calls were made to wake it."""

    began_at: float
    ended_at: float
    wakes: int
    why: str


class Gate:
    """Of one model: `enter` before each call, and then tell what came of it."""

    def __init__(self, hold: HoldSpec, breaker: BreakerSpec, chance: Callable[[], float]) -> None:
        self._hold = hold
        self._spec = breaker
        self._chance = chance  # uniform in 0..1
        self._breaker = Breaker(breaker)
        self.state = TargetState.READY
        self.until = -inf  # before it nothing is called
        self._wait_seconds = hold.initial_seconds
        self._open_seconds = breaker.open_for_seconds
        self.is_opened_by_refusals = False
        self._used_at = -inf
        self.away_since: float | None = None  # of what was held: since when, for `maxHold`
        self._missing_since: float | None = None
        self._holding_since = self._waking_since = 0.0
        self._wakes = 0
        self._why = ""
        self.stopped_why = ""  # while PAUSED
        self.is_unreachable = False  # the last time nothing answered: ask before an event goes
        self.wakes = 0
        self.cold_start_seconds: float | None = None  # learned
        self.holds: deque[HoldEnded] = deque(maxlen=HOLDS_KEPT)

    @property
    def is_ready(self) -> bool:
        return self.state is TargetState.READY

    @property
    def is_stopped(self) -> bool:
        """Nothing is to be sent any more, also not the rest of a batch."""
        return self.state in (TargetState.HOLDING, TargetState.OPEN, TargetState.PAUSED)

    def asks_at(self, now: float) -> float:
        """0.0: a call may enter now. Else when to ask again; inf: when the one inside has left."""
        self._look_idle(now)
        if self.is_ready:
            return 0.0
        if self.state is TargetState.PAUSED:
            return inf
        if self.is_stopped:
            return 0.0 if now >= self.until else self.until
        return inf

    def enter(self, now: float) -> Entry | None:
        """As what a call may begin now; None: not now."""
        if self.asks_at(now):
            return None
        self._used_at = now
        if self.state is TargetState.HOLDING:
            self.state = TargetState.WAKING
            self._waking_since = now if not self._wakes else self._waking_since
            self._wakes += 1
            self.wakes += 1
            return Entry.WAKE
        if self.state is TargetState.OPEN:
            self.state = TargetState.PROBING
            return Entry.PROBE
        return Entry.USUAL

    def leave(self, entry: Entry, now: float) -> None:
        """A call that was let in was not made, or told nothing: others may try."""
        if entry is Entry.WAKE and self.state is TargetState.WAKING:
            self._become_holding(now, now + self._hold.initial_seconds)
        elif entry is Entry.PROBE and self.state is TargetState.PROBING:
            self.state, self.until = TargetState.OPEN, now + self._hold.initial_seconds

    def stop(self, now: float, why: str) -> None:
        """Call it no more until `release`: somebody has to act."""
        self.state, self.until, self.stopped_why = TargetState.PAUSED, now, why
        self.away_since = self._missing_since = None

    def release(self) -> None:
        """Somebody has acted: the next call finds out whether that helped."""
        if self.state is TargetState.PAUSED:
            self.state, self.stopped_why = TargetState.READY, ""
            self._breaker.clear()

    def look_seconds(self, now: float) -> float:
        """When it had better be asked again by who does not wait in line for it."""
        if self.is_stopped:
            return max(LOOK_SECONDS_MIN, self.until - now)
        return TRYING_SECONDS if not self.is_ready else LOOK_SECONDS_MIN

    def good(self, now: float, events: int = 1) -> bool:
        """It answered for so many events; True: it is back."""
        self._used_at = now
        self._breaker.good(now, events)
        if self.is_ready:
            self.away_since = self._missing_since = None
        return self._be_ready(now)

    def away(self, now: float, why: str, *, unreachable: bool, wished_seconds: float = 0.0) -> None:
        """NOT_READY. What was on its way when that began says nothing new."""
        if self.state is TargetState.HOLDING:
            self.until = max(self.until, now + wished_seconds)
            return
        if self.state in (TargetState.OPEN, TargetState.PAUSED):
            return
        if self.away_since is None:
            self.away_since = now
        if self.state is not TargetState.WAKING:
            self._holding_since, self._wakes, self._why = now, 0, why
            self._wait_seconds = self._hold.initial_seconds
        self.is_unreachable = unreachable
        spread = 1.0 + self._hold.jitter * (2.0 * self._chance() - 1.0)
        self._become_holding(now, now + max(wished_seconds, self._wait_seconds * spread))
        self._wait_seconds = min(2.0 * self._wait_seconds, self._hold.max_seconds)

    def missing_seconds(self, now: float) -> float:
        """For how long the model has been missing, beginning with this answer."""
        if self._missing_since is None:
            self._missing_since = now
        return now - self._missing_since

    def failed(self, now: float, events: Collection[str], found: OutcomeClass) -> None:
        """TRANSIENT, SUSPECT or OVERLOAD for a call with `events`."""
        if self.state is TargetState.PROBING:
            self._open(now, by_refusals=False)
        elif self.state is TargetState.WAKING and found is OutcomeClass.TRANSIENT:
            self.away(now, "no answer", unreachable=False)
        elif self._breaker.failed(now, events, found) and not self.is_stopped:
            self._open(now, by_refusals=False)
        elif self.state is TargetState.WAKING:
            self._be_ready(now)

    def refused(self, now: float, event: str) -> bool:
        """BAD_INPUT for one event alone; True: it is held, for the cause lies elsewhere."""
        if self.state is TargetState.PROBING and self.is_opened_by_refusals:
            self._open(now, by_refusals=True)
            return True
        if self.state is TargetState.OPEN and self.is_opened_by_refusals:
            return True
        is_row = self._breaker.refused(event)
        if is_row and not self.is_stopped:
            self._open(now, by_refusals=True)
            return True
        if self.state in (TargetState.WAKING, TargetState.PROBING):
            self._be_ready(now)
        return is_row

    def _look_idle(self, now: float) -> None:
        """A model that was not called for long is taken to sleep, where the spec says so."""
        idle_seconds = self._hold.assume_asleep_after_seconds
        if idle_seconds is None or not self.is_ready or self._used_at == -inf:
            return
        if now - self._used_at >= idle_seconds:
            self._holding_since, self._wakes, self._why = now, 0, "idle"
            self._wait_seconds = self._hold.initial_seconds
            self.is_unreachable = False
            self._become_holding(now, now)

    def _become_holding(self, now: float, until: float) -> None:
        self.state = TargetState.HOLDING
        self.until = max(now, until)

    def _be_ready(self, now: float) -> bool:
        """True: it was not before."""
        if self.state is TargetState.WAKING:
            took_seconds = now - self._waking_since
            known = self.cold_start_seconds
            self.cold_start_seconds = (
                took_seconds if known is None else known + LEARNING_SHARE * (took_seconds - known)
            )
            self.holds.append(HoldEnded(self._holding_since, now, self._wakes, self._why))
        elif self.state is not TargetState.PROBING:
            return False
        self.state = TargetState.READY
        self.away_since = self._missing_since = None
        self._wait_seconds = self._hold.initial_seconds
        self._open_seconds = self._spec.open_for_seconds
        self._breaker.clear()
        return True

    def _open(self, now: float, *, by_refusals: bool) -> None:
        self.state = TargetState.OPEN
        self.is_opened_by_refusals = by_refusals
        self._breaker.clear()
        self.until = now + self._open_seconds * (0.75 + 0.5 * self._chance())
        self._open_seconds = min(2.0 * self._open_seconds, self._spec.open_max_seconds)
