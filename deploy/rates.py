"""Events a second, from counters sampled now and then: nothing is done per event."""

from collections import deque
from collections.abc import Iterable

SAMPLE_SECONDS = 5.0
SHORT_SECONDS = 10.0
LONG_SECONDS = 60.0
_SAMPLES = int(LONG_SECONDS / SAMPLE_SECONDS) + 1

Sample = tuple[float, int, int]  # monotonic seconds, events in, events out


class Rates:
    """The latest minute of each name's two counters. Memory goes with a name's `keep`."""

    def __init__(self) -> None:
        self._samples: dict[str, deque[Sample]] = {}

    def sample(self, name: str, now: float, events_in: int, events_out: int) -> None:
        ring = self._samples.get(name)
        if ring is None:
            ring = self._samples[name] = deque(maxlen=_SAMPLES)
        ring.append((now, events_in, events_out))

    def keep(self, names: Iterable[str]) -> None:
        """Forget all others."""
        kept = set(names)
        for name in [one for one in self._samples if one not in kept]:
            del self._samples[name]

    def per_second(self, name: str, seconds: float) -> tuple[float, float] | None:
        """(in, out) over about the latest `seconds`; None before there are two samples.

        A counter that fell (what came in and was taken back, a seek) counts as still.
        """
        ring = self._samples.get(name)
        if ring is None or len(ring) < 2:
            return None
        until, last_in, last_out = ring[-1]
        # Half an interval of grace: samples are never taken to the very second.
        first = next(one for one in ring if until - one[0] <= seconds + SAMPLE_SECONDS / 2)
        since, first_in, first_out = first if first[0] < until else ring[-2]
        passed = until - since
        return max(0, last_in - first_in) / passed, max(0, last_out - first_out) / passed
