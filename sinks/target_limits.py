"""How many calls at once, and how many records in one: learned from what came back. Pure.

Both grow slowly while all is well and shrink at once when it is not (additive increase,
multiplicative decrease). Time is monotonic seconds.
"""

from math import inf

GROWTH = 0.1  # of a batch limit, at least one record
SLOWER = 0.9
SERVICE_SHARE = 0.2  # of the latest call in the mean
FIRST_BATCH_MAX = 8


class Allowance:
    """So much a second on average, and a burst of what `saved_seconds` bring.

    More may be spent than there is; then the next ones wait.
    """

    def __init__(self, per_second: float, saved_seconds: float) -> None:
        self._per_second = per_second
        self._saved_seconds = saved_seconds
        self.due_at = -inf  # when the next may be spent

    def spend(self, amount: float, now: float) -> None:
        begin = max(self.due_at, now - self._saved_seconds)
        self.due_at = begin + amount / self._per_second


class CallLimit:
    """Calls in flight: one more after a round in which each was answered well and in time."""

    def __init__(self, initial: int, most: int, target_latency_seconds: float) -> None:
        self._most = most
        self._initial = min(initial, most)
        self._target_seconds = target_latency_seconds
        self._aim = self._initial  # doubles up to it after waking
        self._good = self._slow = 0
        self.value = self._initial
        self.mean_seconds = 0.0  # of a call
        self._has_mean = False

    def good(self, seconds: float, in_flight: int) -> None:
        """A call was answered well, in `seconds`, while so many were in flight, it included."""
        share = SERVICE_SHARE if self._has_mean else 1.0
        self._has_mean = True
        self.mean_seconds += share * (seconds - self.mean_seconds)
        if self.value < self._aim:
            self.value = min(2 * self.value, self._aim)
            return
        self._slow += seconds > self._target_seconds
        self._good += in_flight >= self.value  # fewer do not show that more would do
        if self._good < self.value:
            return
        # Slower than wished for: more calls at once would only wait for each other.
        step = 1 if not self._slow else -1 if self.value > self._initial else 0
        self._set(self.value + step)

    def halve(self) -> None:
        """It asked for less."""
        self._set(self.value // 2)

    def lessen(self) -> None:
        """A call broke."""
        self._set(self.value - 1)

    def restart(self) -> None:
        """It was away: one call, then two, four, up to where it began."""
        self._set(1)
        self._aim = self._initial

    def _set(self, value: int) -> None:
        self.value = self._aim = max(1, min(value, self._most))
        self._good = self._slow = 0


class BatchLimit:
    """Records of one call, between 1 and `most`; also what a server said that it takes."""

    def __init__(self, most: int, target_latency_seconds: float, *, is_adaptive: bool) -> None:
        self._most = most
        self._target_seconds = target_latency_seconds
        self._is_adaptive = is_adaptive
        self._is_settled = False  # some were slow: it is about as large as it should be
        self.value = min(FIRST_BATCH_MAX, most) if is_adaptive else most

    @property
    def may_grow(self) -> bool:
        """Larger calls have not been found to be slow yet, nor to be forbidden."""
        return self._is_adaptive and not self._is_settled and self.value < self._most

    def good(self, records: int, seconds: float) -> None:
        """A call of so many records was answered well."""
        if not self._is_adaptive:
            return
        if seconds > self._target_seconds:
            self._is_settled = True
            if records > 1:
                self.value = max(1, int(self.value * SLOWER))
        elif records >= self.value:  # smaller ones do not show that larger ones would do
            self.value = min(self._most, self.value + max(1, int(self.value * GROWTH)))

    def halve(self) -> None:
        if self._is_adaptive:
            self.value = max(1, self.value // 2)

    def too_large(self, records: int) -> None:
        """The server refused so many at once."""
        self.value = max(1, min(self.value, records // 2))

    def learn(self, most: int) -> None:
        """The server said how many it takes."""
        self._most = max(1, min(self._most, most))
        self.value = min(self.value, self._most)
