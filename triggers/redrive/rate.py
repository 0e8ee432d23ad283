"""The rate of a redrive job: kept over its whole way, and hardly exceeded in any second. Pure."""

from triggers.replay.pace import Pace

BEHIND_SECONDS_MAX = 10.0  # of what it may make up for
CATCHING_UP = 1.05  # of its rate
LATE_SECONDS = 0.15  # of one checkpoint


class Rate:
    """So many a second. One that was kept back, by a slow commit or a slow sink, catches up
    little by little. Time is monotonic seconds.
    """

    __slots__ = ("_most", "_whole")

    def __init__(self, per_second: float) -> None:
        self._whole = Pace(per_second, BEHIND_SECONDS_MAX)
        self._most = Pace(CATCHING_UP * per_second, LATE_SECONDS)

    def take(self, now: float) -> float:
        """0.0 and one is taken; else in how many seconds to ask again."""
        if (wait_seconds := self._most.wait_seconds(now)) > 0.0:
            return wait_seconds
        if (wait_seconds := self._whole.take(now)) > 0.0:
            return wait_seconds
        return self._most.take(now)
