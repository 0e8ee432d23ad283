"""How fast a trigger takes what redrives send it: how many go ahead, and what is possible. Pure.

The lane begins at most a share of the slots with them (`triggers.redriven`). So that those find
the next at hand, letters go ahead: through a checkpoint, and into the lane's memory. Only as
many as the sink takes meanwhile: whoever pauses a job waits for no long queue.
"""

from collections.abc import Callable
from typing import Final

AHEAD_MAX = 256  # of one trigger, whatever the sink takes
MEASURED_SECONDS = 0.05
WAY_SECONDS_MAX = 1.0
IDLE_SECONDS = 2.0  # without a look: what was before tells nothing of now
LEARNING_SECONDS: Final = (1.0, 10.0)  # at least; at most, if fewer than LEARNING_COUNT ended
LEARNING_COUNT = 20


class Flow:
    """Of one trigger. Time is monotonic seconds; `way_seconds` a letter takes to its lane."""

    def __init__(self, now: float, way_seconds: float) -> None:
        self.per_second = 0.0
        self.learned = Learned(now)
        self._way_min_seconds = self._way_seconds = way_seconds
        self._ahead = 0
        self._ended = 0  # first attempts, since `_at`
        self._at = now
        self._looked_at = now

    def look(self, ahead: int, now: float) -> None:
        """So many of those that were sent have not ended their first attempt."""
        ended = max(0, self._ahead - ahead)
        self._ahead = ahead
        if now - self._looked_at > IDLE_SECONDS:
            self.learned.begin(now)
            self.per_second, self._ended, self._at = 0.0, 0, now
        self._looked_at = now
        self.learned.note(ended, now)
        self._ended += ended
        passed_seconds = now - self._at
        if passed_seconds >= MEASURED_SECONDS:
            latest = self._ended / passed_seconds
            # Quick to grow, slow to shrink: a pause of a moment is no slower sink.
            self.per_second = max(latest, (self.per_second + latest) / 2)
            self._ended, self._at = 0, now

    def sent(self, count: int, seconds: float) -> None:
        """More were sent, and were on disk after so long."""
        self._ahead += count
        latest = min(WAY_SECONDS_MAX, self._way_min_seconds + seconds)
        self._way_seconds = (self._way_seconds + latest) / 2

    def ahead_max(self, share: int) -> int:
        """What `share` are busy with, and twice what ends while others are on their way."""
        meanwhile = round(2 * self.per_second * self._way_seconds)
        return max(share, min(AHEAD_MAX, share + meanwhile))


class Flows:
    """Those of one partition, by way (`RedriveJob.way`)."""

    def __init__(self, monotonic: Callable[[], float], way_seconds: float) -> None:
        self._monotonic = monotonic
        self._way_seconds = way_seconds
        self._flows: dict[str, Flow] = {}

    def of(self, way: str) -> Flow:
        if (flow := self._flows.get(way)) is None:
            flow = self._flows[way] = Flow(self._monotonic(), self._way_seconds)
        return flow

    def forget(self, way: str) -> None:
        self._flows.pop(way, None)

    def possible_per_second(self, trigger: str) -> float | None:
        """The most that a trigger took lately; None while it was never sent more than it took."""
        flow = self._flows.get(trigger)
        return None if flow is None else flow.learned.per_second


class Learned:
    """What a trigger takes at most; `per_second` is None while it was never asked for more."""

    def __init__(self, now: float) -> None:
        self.per_second: float | None = None
        self.begin(now)

    def begin(self, now: float) -> None:
        """Count anew from now on."""
        self._ended = 0
        self._at = now
        self._is_asked_more = True

    def let(self) -> None:
        """Not the trigger, but a rate or an operator, says now how many go."""
        self._is_asked_more = False

    def note(self, ended: int, now: float) -> None:
        self._ended += ended
        passed_seconds = now - self._at
        least_seconds, most_seconds = LEARNING_SECONDS
        is_enough = self._ended >= LEARNING_COUNT or passed_seconds >= most_seconds
        if passed_seconds < least_seconds or not is_enough:
            return
        latest = self._ended / passed_seconds
        if self._is_asked_more and latest:
            self.per_second = latest
        elif self.per_second is not None and latest > self.per_second:
            self.per_second = None  # it takes more, and nobody knows how much
        self.begin(now)
