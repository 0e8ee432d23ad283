"""Caution: after unclean ends, work in doubt is done alone and written down before.

First the events in doubt are routed, then the deliveries of sinks in this process are made
one at a time. Once each trigger's doubts are settled, all is as fast as ever. Triggers
whose sinks are reached by HTTP wait for nothing but a commit for each page they are routed.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from broker.clock import Clock
from broker.delivery import Delivery, Outcome
from broker.event import StoredEvent
from sinks.sink import Sink
from sinks.spec import runs_in_process
from sinks.target import TargetState
from triggers.careful_feed import CarefulFeed
from triggers.failures import Failures
from triggers.lane import Lane
from triggers.poison import DOUBTED_MAX, GIVEN_UP, place_key
from triggers.router import Router
from triggers.trials import Trials

LOOK_SECONDS = 1.0  # longer than it takes to read what is due at a start
RESTING = (TargetState.OPEN, TargetState.HOLDING, TargetState.PAUSED)


class Turn:
    """One for a process: who holds its `lock` is the only delivery in doubt under way.

    `doubting` are the brokers that have doubts. Deliveries wait for `routed`: until then
    some of these brokers still route what is in doubt, and nothing else could be blamed.
    """

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.routed = asyncio.Event()
        self.doubting: set[str] = set()
        self._routing: set[str] = set()

    def doubt(self, brokers: Iterable[str]) -> None:
        """They doubt, until each says otherwise."""
        self.doubting.update(brokers)
        self._routing.update(self.doubting)

    def has_routed(self, broker: str) -> None:
        self._routing.discard(broker)
        if not self._routing:
            self.routed.set()


class Alone:
    """A sink of this process while there are doubts: one delivery at a time, on record."""

    batch_limit = 1

    def __init__(self, sink: Sink, turn: Turn, trials: Trials, clock: Clock) -> None:
        self.sink = sink
        self.name = sink.name
        self.count = 0
        self._turn = turn
        self._trials = trials
        self._clock = clock
        self.open, self.probe, self.close = sink.open, sink.probe, sink.close

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        """Carry the one when nothing else in doubt is under way; the wait does not count."""
        (delivery,) = deliveries  # as the batch limit says
        self.count += 1
        asked = self._clock.monotonic()
        await self._turn.routed.wait()
        async with self._turn.lock:
            waited_seconds = self._clock.monotonic() - asked
            return [await self._deliver(delivery, deadline + waited_seconds)]

    async def _deliver(self, delivery: Delivery, deadline: float) -> Outcome:
        key = place_key(delivery.step, delivery.offset, delivery.trigger)
        trials = self._trials
        trials.tell(key, delivery.trigger, delivery.offset)
        if trials.suspects.is_poison(key):
            trials.survived(key)
            return GIVEN_UP
        await trials.begin(key)
        try:
            (outcome,) = await self.sink.deliver([delivery], deadline)
        except Exception:  # a defect, but not one that ends the process
            trials.survived(key)
            raise
        trials.survived(key)
        return outcome


def bare(sink: Sink) -> Sink:
    """What stands behind it."""
    return sink.sink if isinstance(sink, Alone) else sink


class Caution:
    """One partition's; made before its lanes begin, over once nobody of the process doubts."""

    def __init__(
        self,
        broker: str,
        turn: Turn,
        trials: Trials,
        router: Router,
        failures: Failures,
        clock: Clock,
    ) -> None:
        self.trials = trials
        self._broker = broker
        self._turn = turn
        self._clock = clock
        self._began_at = clock.now()
        self._alone: dict[Lane, Alone] = {}
        self._feed = CarefulFeed(router, trials, failures, lambda: turn.has_routed(broker))
        self._hungry: Callable[[], Sequence[Lane]] = list
        self._end = 0

    def watch(
        self, lanes: Iterable[Lane], last_offset: int, hungry: Callable[[], Sequence[Lane]]
    ) -> None:
        """Doubt what `lanes` have open up to `last_offset`; `hungry` gives those to be fed."""
        self._end, self._hungry = last_offset, hungry
        for lane in lanes:
            self._feed.watch([lane], last_offset)
            spec = lane.spec.dead_letter_sink if lane.is_companion else lane.spec.sink
            if spec is not None and runs_in_process(spec):
                self._be_alone(lane)
        self._feed.look(hungry())

    def rewire(self, lane: Lane) -> None:
        """`lane` has another sink or other limits: as long as there are doubts they hold too."""
        if self._alone.pop(lane, None) is None or not self._turn.doubting:
            return
        spec = lane.spec.dead_letter_sink if lane.is_companion else lane.spec.sink
        if spec is not None and runs_in_process(spec):
            self._be_alone(lane)

    def _be_alone(self, lane: Lane) -> None:
        alone = Alone(lane.sink, self._turn, self.trials, self._clock)
        lane.sink = self._alone[lane] = alone
        lane.max_in_flight = 1

    async def feed(
        self, router: Router, lanes: Sequence[Lane], page: Sequence[StoredEvent], after: int
    ) -> None:
        """`Router.feed`, with care as long as it is needed."""
        if self._feed.is_over:
            router.feed(lanes, page, after)
        else:
            await self._feed.feed(lanes, page, after)
            self._feed.look(self._hungry())

    async def run(self, wake: Callable[[Lane], None]) -> None:
        """Look every second whether there still are doubts; gives back when there are none."""
        while self._turn.doubting:
            await asyncio.sleep(LOOK_SECONDS)
            self._feed.look(self._hungry())
            if self._feed.is_over and not any(map(self._is_doubted, self._alone)):
                self._turn.doubting.discard(self._broker)
        self.trials.put(*self.trials.suspects.clear())
        for lane, alone in self._alone.items():
            lane.sink = alone.sink
            lane.max_in_flight = lane.spec.calls_max
            wake(lane)

    def _is_doubted(self, lane: Lane) -> bool:
        """Whether some of what was under way when the process ended may be still to come."""
        if lane.is_paused or self._alone[lane].count >= DOUBTED_MAX:
            return False
        if lane.target.state in RESTING:  # a sink that cannot be tried must not slow the others
            return False
        if lane.in_flight or lane.retries or lane.released:
            return True
        if lane.next_due_at is not None and lane.next_due_at <= self._began_at:
            return True
        if not lane.is_following and lane.position < self._end:
            return True
        queued = lane.queue[0].offset if lane.queue else self._end + 1
        return min(queued, min(lane.open, default=queued)) <= self._end
