"""Feed the slow lane with care: whose filter ended the process is found by narrowing down.

A page is on record while it is routed. If that ended the process, the page is routed event
by event the next time, and the event that ended it trigger by trigger.
"""

from collections.abc import Callable, Iterable, Sequence

from broker.delivery import Reason
from broker.event import StoredEvent
from triggers.carriage import fresh
from triggers.failures import Failures
from triggers.lane import Lane
from triggers.poison import DOUBTED_MAX, GIVEN_UP, ROUTE, events_key, place_key
from triggers.router import Router
from triggers.trials import Trials


class CarefulFeed:
    """Of one partition; `routed` is called once when what is in doubt has been routed."""

    def __init__(
        self, router: Router, trials: Trials, failures: Failures, routed: Callable[[], None]
    ) -> None:
        self._router = router
        self._trials = trials
        self._suspects = trials.suspects
        self._failures = failures
        self._routed = routed
        self._bounds: dict[Lane, int] = {}  # the last offset in doubt
        self.is_over = False

    def watch(self, lanes: Iterable[Lane], last_offset: int) -> None:
        """Doubt what `lanes` have before them."""
        for lane in lanes:
            self._bounds[lane] = min(last_offset, lane.position + DOUBTED_MAX)

    def look(self, hungry: Iterable[Lane]) -> None:
        """`hungry` are the lanes that are being fed: others cannot end the process this way."""
        if not self.is_over and not any(
            lane.position < self._bounds.get(lane, 0) for lane in hungry
        ):
            self.is_over = True
            self._routed()

    async def feed(self, lanes: Sequence[Lane], page: Sequence[StoredEvent], after: int) -> None:
        """`Router.feed`, on record."""
        for run in self._suspects.runs(page):
            await self._feed_run(lanes, run, after)
            after = run[-1].offset
        self._trials.put(*self._suspects.passed(after))

    async def _feed_run(
        self, lanes: Sequence[Lane], run: Sequence[StoredEvent], after: int
    ) -> None:
        key = events_key(run[0].offset, run[-1].offset)
        standing = [lane for lane in lanes if after <= lane.position < run[-1].offset]
        if not standing:
            return
        if len(run) == 1 and (len(standing) == 1 or self._suspects.ends(key)):
            for lane in standing:
                await self._feed_one(lane, run[0], after)
            return
        await self._trials.begin(key)
        self._router.feed(standing, run, after)
        self._trials.survived(key)

    async def _feed_one(self, lane: Lane, stored: StoredEvent, after: int) -> None:
        key = place_key(ROUTE, stored.offset, lane.name)
        self._trials.tell(key, lane.name, stored.offset)
        if self._suspects.is_poison(key):
            self._bury(lane, stored)
        else:
            await self._trials.begin(key)
            self._router.feed([lane], [stored], after)
        self._trials.survived(key)

    def _bury(self, lane: Lane, stored: StoredEvent) -> None:
        """Whether it matches cannot be asked: the desk shows it, the sink never gets it."""
        if lane.holds or lane.position >= stored.offset:  # an operator was faster
            return
        carriage = fresh(lane.id_prefix, lane.name, stored)
        carriage.attempt = 0
        lane.position = stored.offset
        lane.leave(carriage, delivered=False)
        self._failures.bury(lane, carriage, GIVEN_UP, Reason.POISON, ())
