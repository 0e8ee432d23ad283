"""When failures are the model's: a breaker that counts events, each once in a while. Pure.

Calls to models are slow and few, and one event can fail often: only different events speak
against the target. Time is monotonic seconds.
"""

from collections import deque
from collections.abc import Collection

from broker.delivery import OutcomeClass
from sinks.inference_spec import BreakerSpec

CALLS_KEPT = 1_024  # of a window; the oldest go first
EVENTS_KEPT = 1_024
_COUNTED = (OutcomeClass.TRANSIENT, OutcomeClass.SUSPECT, OutcomeClass.OVERLOAD)


class Breaker:
    """Tell it of each call; `failed` and `refused` say whether to open."""

    def __init__(self, spec: BreakerSpec) -> None:
        self._spec = spec
        self._calls: deque[tuple[float, tuple[str, ...], int]] = deque()  # failed events, good ones
        self._failing: set[str] = set()  # the events in `_calls`
        self._good = 0
        self._transient: dict[str, None] = {}  # in a row, in so many calls
        self._broken_calls = 0
        self._refused: dict[str, None] = {}

    def clear(self) -> None:
        """Forget all: it has opened, or closed."""
        self._calls.clear()
        self._failing.clear()
        self._transient.clear()
        self._refused.clear()
        self._good = self._broken_calls = 0

    def good(self, now: float, events: int = 1) -> None:
        """A call was answered well, for so many events."""
        self._transient.clear()
        self._refused.clear()
        self._broken_calls = 0
        self._add(now, (), events)

    def failed(self, now: float, events: Collection[str], found: OutcomeClass) -> bool:
        """A call with `events` (their delivery ids) failed; True: open."""
        if found not in _COUNTED:
            return False
        fresh = tuple(event for event in events if event not in self._failing)
        if fresh:
            self._add(now, fresh, 0)
        if found is OutcomeClass.TRANSIENT and self._spec.consecutive:
            if not self._transient.keys() >= set(events):  # one call, however many were in it
                self._transient.update(dict.fromkeys(events))
                self._broken_calls += 1
            if self._broken_calls >= self._spec.consecutive:
                return True
        bad = len(self._failing)
        known = bad + self._good
        return known >= self._spec.min_calls and bad >= self._spec.ratio * known

    def refused(self, event: str) -> bool:
        """BAD_INPUT for one event; True: so many different ones in a row are no coincidence."""
        if not self._spec.bad_inputs:
            return False
        if len(self._refused) < EVENTS_KEPT:
            self._refused[event] = None
        return len(self._refused) >= min(self._spec.bad_inputs, EVENTS_KEPT)

    def _add(self, now: float, events: tuple[str, ...], good: int) -> None:
        self._calls.append((now, events, good))
        self._failing.update(events)
        self._good += good
        oldest = now - self._spec.window_seconds
        while len(self._calls) > CALLS_KEPT or self._calls[0][0] < oldest:
            _, gone, good = self._calls.popleft()
            self._failing.difference_update(gone)
            self._good -= good
