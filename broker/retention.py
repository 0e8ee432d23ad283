"""Forgetting on purpose: what the log and the desk need not keep any longer.

Retention is soft: nothing is forgotten that a cursor, a replay or an offset-only row still
needs, however old or large the log has become. By age it goes only after this process has
seen that much time pass: time in which nobody ran may be a wrong clock.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.clock import EPOCH, Clock
from broker.storage.desk import Desk
from broker.storage.log import Log

SLICE = 1000
UNBOUNDED_BYTES = 1 << 62


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """None keeps for ever, or whatever it takes. Dead letters are never bounded by count."""

    age: timedelta | None = timedelta(days=1)
    bytes_max: int | None = 10 << 30
    dead_letter_age: timedelta | None = timedelta(days=14)
    dead_letter_bytes_max: int | None = 5 << 30


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one run has forgotten; `up_to` is as far as it went, 0 if nothing did."""

    up_to: int
    events: int
    dead_letters: int


def plan(beyond_age: int, beyond_bytes: int, lowest_needed: int) -> int:
    """The last offset that may be forgotten, 0 if none.

    `beyond_age` and `beyond_bytes` are the last offsets that each limit lets go,
    `lowest_needed` the first that somebody still needs.
    """
    return max(0, min(max(beyond_age, beyond_bytes), lowest_needed - 1))


@dataclass(frozen=True, slots=True)
class Witness:
    """How much of the present time was seen to pass: up to `until`, and since `since_seconds`.

    `until` is the last time that the store knew when it was opened, at `since_seconds`
    (monotonic). A clock that has made a leap in between makes nothing old at once.
    """

    until: datetime
    since_seconds: float

    def before(self, age: timedelta, now: datetime, now_seconds: float) -> datetime:
        """What happened before that moment is older than `age`, as far as one can know."""
        seen = timedelta(seconds=now_seconds - self.since_seconds)
        if seen >= age:  # whatever was there at the opening is that old
            return now - age
        return min(now, self.until + seen) - age


class Retention:
    """Run it now and then; each run is bounded by what it finds, in slices of 1,000.

    `lowest_needed` is asked before each slice: a replay may begin at an old offset meanwhile.
    """

    def __init__(
        self,
        log: Log,
        desk: Desk,
        clock: Clock,
        limits: RetentionLimits,
        lowest_needed: Callable[[], int],
        witness: Witness | None = None,
    ) -> None:
        self._log = log
        self._desk = desk
        self._clock = clock
        self._limits = limits
        self._lowest_needed = lowest_needed
        self.witness = witness  # None: the clock is trusted

    async def run_once(self) -> Forgotten:
        up_to, events = await self._prune()
        dead_letters = await self._expire()
        return Forgotten(up_to, events, dead_letters)

    def expiring_before(self, ahead: timedelta) -> datetime | None:
        """Dead letters from before that moment are forgotten within `ahead`; None: none ever."""
        age = self._limits.dead_letter_age
        return None if age is None else self._before(age) + ahead

    async def _prune(self) -> tuple[int, int]:
        limits = self._limits
        by_age = by_bytes = 0
        if limits.age is not None:
            by_age = await self._log.offset_at(self._before(limits.age))
        if limits.bytes_max is not None:
            by_bytes = await self._log.offset_beyond_bytes(limits.bytes_max)
        reached = events = 0
        while up_to := plan(by_age, by_bytes, self._lowest_needed()):
            gone = await self._log.prune(up_to, SLICE)
            events += gone
            if gone:
                reached = up_to
            if gone < SLICE:
                break
        return reached, events

    async def _expire(self) -> int:
        """By age, then overdue and, beyond the bytes, the oldest discarded ones."""
        limits = self._limits
        before = EPOCH
        if limits.dead_letter_age is not None:
            before = self._before(limits.dead_letter_age)
        dead_letters = await self._repeat(lambda: self._desk.expire(before, SLICE))
        bytes_kept = limits.dead_letter_bytes_max
        kept = UNBOUNDED_BYTES if bytes_kept is None else bytes_kept
        return dead_letters + await self._repeat(lambda: self._desk.purge(kept, SLICE))

    def _before(self, age: timedelta) -> datetime:
        now = self._clock.now()
        if self.witness is None:
            return now - age
        return self.witness.before(age, now, self._clock.monotonic())

    async def _repeat(self, forget: Callable[[], Awaitable[int]]) -> int:
        total = 0
        while True:
            gone = await forget()
            total += gone
            if gone < SLICE:
                return total
