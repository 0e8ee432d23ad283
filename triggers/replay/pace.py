"""How fast a replay may go, and how many calls: its own rate, and a share of a trigger's slots."""

from collections.abc import Callable

from triggers.lane import Lane

AGAIN_SECONDS = 0.02  # while the trigger holds all of its slots
LATE_SECONDS = 0.1  # so much lateness of a replay is made up for; more is forgotten


class Pace:
    """So many a second, evenly: a replay must not come as a burst. Time is monotonic seconds."""

    __slots__ = ("_late_seconds", "_next_at", "per_second")

    def __init__(self, per_second: float, late_seconds: float = LATE_SECONDS) -> None:
        self.per_second = per_second
        self._late_seconds = late_seconds
        self._next_at: float | None = None

    def take(self, now: float) -> float:
        """0.0 and one is taken; else in how many seconds to ask again."""
        if (wait_seconds := self.wait_seconds(now)) > 0.0:
            return wait_seconds
        next_at = now if self._next_at is None else self._next_at
        self._next_at = max(next_at, now - self._late_seconds) + 1.0 / self.per_second
        return 0.0

    def wait_seconds(self, now: float) -> float:
        """What `take` would give, and nothing is taken."""
        return 0.0 if self._next_at is None else max(0.0, self._next_at - now)

    def overdraw(self, more: int) -> None:
        """A call carries `more` deliveries than the one that was taken."""
        if self._next_at is not None:
            self._next_at += more / self.per_second


class Share:
    """The slots that all replays of one trigger take from it: never more calls than its own.

    What they use is taken off the trigger's `max_in_flight`, so it costs its deliveries
    nothing to know of them; what they want while it has all is kept free for them as soon as
    a call of it ends.
    """

    def __init__(self, origin: Callable[[], Lane | None], wake: Callable[[Lane], None]) -> None:
        self._origin = origin
        self._wake_lane = wake
        self.in_flight = 0

    @property
    def calls_max(self) -> int:
        """Calls in flight for all replays of the trigger together."""
        origin = self._origin()
        return 0 if origin is None else origin.spec.share_max

    def wait_seconds(self) -> float:
        """0.0 where a call may begin now; else when to ask again, its slot being kept."""
        origin = self._origin()
        if origin is None or self.in_flight >= self.calls_max:
            return AGAIN_SECONDS
        if origin.in_flight + self.in_flight < origin.spec.calls_max:
            return 0.0
        self._leave(origin, self.in_flight + 1)
        return AGAIN_SECONDS

    def take(self) -> None:
        """A call begins."""
        self.in_flight += 1
        if (origin := self._origin()) is not None:
            self._leave(origin, self.in_flight)

    def give_back(self, calls: int = 1) -> None:
        """`calls` have ended; 0 gives back only what was kept free."""
        self.in_flight -= calls
        if (origin := self._origin()) is not None:
            self._leave(origin, self.in_flight)
            self._wake_lane(origin)

    @staticmethod
    def _leave(origin: Lane, calls: int) -> None:
        origin.max_in_flight = max(0, origin.spec.calls_max - calls)
