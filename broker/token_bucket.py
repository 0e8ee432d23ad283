"""A rate, of a publisher or a trigger: so many a second on average, a second's worth at once."""


class TokenBucket:
    """Time is passed in (monotonic seconds). A batch may overdraw; then the next ones wait."""

    __slots__ = ("_at", "_burst", "_tokens", "per_second")

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._burst = max(1.0, per_second)
        self._tokens = self._burst
        self._at = 0.0

    def take(self, count: int, now_seconds: float) -> float:
        """0.0 and `count` tokens are taken; else in how many seconds to ask again."""
        passed = max(0.0, now_seconds - self._at)
        self._at = now_seconds
        self._tokens = min(self._burst, self._tokens + passed * self.per_second)
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self.per_second
        self._tokens -= count
        return 0.0
