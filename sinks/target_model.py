"""A model server as all triggers see it: gates, calls in flight and rates, over all of them.

Pure: time is passed in (monotonic seconds), chance is handed in. The pool asks `admit_call`,
the sink asks and tells the gate of the variant that it calls, and the dispatcher says when a
call has ended.
"""

from collections.abc import Callable, Mapping
from math import inf
from typing import NamedTuple

from sinks.inference_spec import InferenceSinkSpec
from sinks.target import Target, TargetState
from sinks.target_gate import Gate
from sinks.target_limits import Allowance, CallLimit

ASKING_SECONDS = 5.0  # a lane that did not ask for so long has nothing that waits
ASKERS_MAX = 10_000  # lanes that wait; beyond, they ask again by their own timers
_TIRED = (TargetState.HOLDING, TargetState.WAKING, TargetState.OPEN, TargetState.PROBING)


class Asker(NamedTuple):
    """A lane with work: how much of it was tried before, and how much was not."""

    name: str
    fresh: int
    retries: int


class Waiting(NamedTuple):
    """What a lane has that waits: since when, and when it asked last (monotonic)."""

    deliveries: int
    since: float
    asked_at: float


class ModelTarget(Target):
    """`gates` are by the name of a variant, `""` where there are none."""

    counts_calls = True

    def __init__(self, name: str, spec: InferenceSinkSpec, chance: Callable[[], float]) -> None:
        super().__init__(name, chance)
        self.is_free = False
        self.spec = spec
        names = [variant.name for variant in spec.variants] or [""]
        self.gates: Mapping[str, Gate] = {
            name: Gate(spec.hold, spec.breaker, chance) for name in names
        }
        self.weigh({variant.name: variant.weight for variant in spec.variants})
        self.calls = CallLimit(
            spec.limits.initial_in_flight, spec.max_in_flight, spec.batch.target_latency_seconds
        )
        rate, tokens = spec.limits.calls_per_second, spec.limits.tokens_per_minute
        # A second's worth of calls at once, and a minute's of tokens, which are known afterwards.
        self._call_allowance = None if rate is None else Allowance(rate, max(0.0, 1.0 - 1.0 / rate))
        self._token_allowance = None if tokens is None else Allowance(tokens / 60.0, 60.0)
        self._spared_until = -inf  # Retry-After
        self.in_flight = self.retries_in_flight = 0
        self._lingering: list[float] = []  # ends of calls that timed out, and go on over there
        self._is_promised = False  # a call was admitted that has to find out
        self._askers: dict[str, Waiting] = {}
        self._callbacks: dict[str, Callable[[], None]] = {}
        self._shown = TargetState.READY

    def weigh(self, weights: Mapping[str, int]) -> None:
        """Variants of weight 0 do not count for what the whole is; stopped ones are tried again."""
        counted = [self.gates[name] for name, weight in weights.items() if weight > 0]
        self._weighted = counted or list(self.gates.values())
        self._release()

    @property
    def _counted(self) -> list[Gate]:
        """Those that say what the whole is: of a stopped one nothing is expected."""
        going = [gate for gate in self._weighted if gate.state is not TargetState.PAUSED]
        return going or self._weighted

    def stop(self, gate: Gate, now: float, why: str) -> bool:
        """Stop one variant, which cannot be called as it is configured.

        False: no other goes on, so the trigger has to stop; resumed, it tries all of them again.
        """
        gate.stop(now, why)
        return not self._is_stopped

    @property
    def _is_stopped(self) -> bool:
        return all(one.state is TargetState.PAUSED for one in self._weighted)

    def _release(self) -> None:
        for gate in self.gates.values():
            gate.release()

    def begin_anew(self, gate: Gate) -> None:
        """`gate`'s model was away: its calls begin with one, where no other variant goes on."""
        if not any(one is not gate and one.is_ready for one in self._weighted):
            self.calls.restart()

    @property
    def state(self) -> TargetState:
        if self._is_paused:
            return TargetState.PAUSED
        states = [gate.state for gate in self._counted]
        return TargetState.READY if TargetState.READY in states else states[0]

    @property
    def is_trying(self) -> bool:  # type: ignore[override]
        return self.state in _TIRED

    @property
    def takes_retries(self) -> bool:  # type: ignore[override]
        """Retries never fill the sink."""
        return self.retries_in_flight < self.spec.max_retries_in_flight

    @property
    def waiting_deliveries(self) -> int:
        """How many wait in lanes that were told to wait; for metrics."""
        return sum(one.deliveries for one in self._askers.values())

    @property
    def away_since(self) -> float | None:
        """Since when all of its variants have been away."""
        since = [gate.away_since for gate in self._counted]
        known = [one for one in since if one is not None]
        return max(known) if known and len(known) == len(since) else None

    def admit_call(self, now: float, asker: Asker) -> float:
        """0.0: begin one call now. Else when to ask again; inf: see `call_back`."""
        if self._is_stopped:  # a trigger was resumed, or has not heard of it
            self._release()
        until = self._asks_at(now, asker)
        if until:
            if asker.name in self._askers or len(self._askers) < ASKERS_MAX:
                since = self._askers[asker.name].since if asker.name in self._askers else now
                deliveries = asker.fresh + asker.retries
                self._askers[asker.name] = Waiting(deliveries, since, now)
            return until
        self._askers.pop(asker.name, None)
        self.in_flight += 1
        self._is_promised = self.is_trying
        return 0.0

    def admit(self, now: float) -> float:
        """As `admit_call`, for one of whom nothing is known."""
        return self.admit_call(now, Asker("", 1, 0))

    def begin_call(self, is_retry: bool) -> None:
        """A call that was admitted begins; `is_retry`: it carries some that were tried before."""
        self.retries_in_flight += is_retry

    def arrived(self) -> None:
        """The sink has it: from here on the gates tell."""
        self._is_promised = False

    def end_call(self, was_retry: bool) -> None:
        """A call that was admitted has ended; whoever waits may ask again."""
        self.in_flight -= 1
        self.retries_in_flight -= was_retry
        if not self.in_flight:
            self._is_promised = False
        self._call_back()

    def restore(self, away_since: float) -> None:
        """It was away before this process began, since then (monotonic, perhaps negative)."""
        for gate in self.gates.values():
            if gate.away_since is None:
                gate.away_since = away_since

    def call_back(self, name: str, asks_again: Callable[[], None]) -> None:
        """Call `asks_again` once, when a call has ended."""
        self._callbacks[name] = asks_again

    def linger(self, now: float) -> None:
        """A call timed out: its work goes on, so its slot stays taken for a mean call."""
        self._lingering.append(now + self.calls.mean_seconds)
        del self._lingering[: -self.spec.max_in_flight]

    def spend(self, tokens: int, now: float) -> None:
        """A call used so many of `tokensPerMinute`; what is too much is waited for."""
        if self._token_allowance is not None:
            self._token_allowance.spend(tokens, now)

    def record(self, now: float, failed: bool) -> bool:
        """Whether the state has changed since the last time; the gates know the rest."""
        before, self._shown = self._shown, self.state
        return self._shown is not before

    def hold(self, until: float) -> None:
        self._spared_until = max(self._spared_until, until)

    def held_seconds(self, now: float) -> float:
        waits = [gate.until - now for gate in self._counted if gate.is_stopped]
        is_held = len(waits) == len(self._counted)
        return max(0.0, self._spared_until - now, min(waits) if is_held else 0.0)

    def resume(self) -> None:
        self._is_paused = False
        self._call_back()

    def _call_back(self) -> None:
        callbacks, self._callbacks = self._callbacks, {}
        for asks_again in callbacks.values():
            asks_again()

    def _asks_at(self, now: float, asker: Asker) -> float:
        if self._is_paused or self._is_promised:
            return inf
        if not asker.fresh and not self.takes_retries:
            return inf
        if (until := self._slot_at(now)) or (until := self._gates_ask_at(now, asker)):
            return until
        dues = [
            one.due_at for one in (self._call_allowance, self._token_allowance) if one is not None
        ]
        until = max(self._spared_until, *dues, -inf)
        if until > now:
            return until
        if self._call_allowance is not None:
            self._call_allowance.spend(1, now)
        return 0.0

    def _slot_at(self, now: float) -> float:
        if self.is_trying:  # the gates let one in, also where old calls still hang there
            return 0.0
        self._lingering = [end for end in self._lingering if end > now]
        if self.in_flight + len(self._lingering) < self.calls.value:
            return 0.0
        return inf if self.in_flight else min(self._lingering)

    def _gates_ask_at(self, now: float, asker: Asker) -> float:
        until = min(gate.asks_at(now) for gate in self._weighted)
        if until or self.state is not TargetState.HOLDING:
            return until
        hold = self.spec.hold
        before = self._askers.get(asker.name, Waiting(0, now, now))
        others = [
            one
            for name, one in self._askers.items()
            if name != asker.name and one.asked_at > now - ASKING_SECONDS
        ]
        waiting = asker.fresh + asker.retries + sum(one.deliveries for one in others)
        if waiting >= hold.wake_min_events:
            return 0.0
        if not hold.wake_max_wait_seconds:  # only their number counts
            return now + ASKING_SECONDS
        due = min([before.since, *(one.since for one in others)]) + hold.wake_max_wait_seconds
        return 0.0 if now >= due else due
