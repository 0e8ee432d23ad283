"""A clock that stands until a test moves it."""

from datetime import UTC, datetime, timedelta


class SetClock:
    """Wall clock and monotonic alike; `asked`: how often for the time."""

    def __init__(self, start: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self._start = start
        self._now = start
        self.asked = 0

    def now(self) -> datetime:
        self.asked += 1
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def set_to(self, moment: datetime) -> None:
        """As a restart after somebody set the machine's clock would find it."""
        self._now = moment
