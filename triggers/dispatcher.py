"""One call's way: deliver, decide, settle. The middle of the walk of an event.

take (pool) → deliver (sink) → decide (policy) → settle (settler → ledger) → checkpoint
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime

from broker.clock import Clock
from broker.delivery import Delivered, Failed, Outcome, OutcomeClass
from broker.failpoint import armed, reach
from broker.telemetry import ROWS, SECONDS, Histogram, Telemetry
from sinks.sink import Sink
from sinks.target import Target, strains
from sinks.target_model import ModelTarget
from triggers.breadth import is_at_fault, narrow, widen
from triggers.carriage import Carriage
from triggers.evidence import waits_apart
from triggers.lane import BREADTH_FREE, Ended, Lane
from triggers.settler import Settler

OnAttempt = Callable[[Lane, Carriage, Outcome, float, float], None]


class Timings:
    """What one broker's deliveries took, for metrics."""

    __slots__ = ("attempt", "batch", "end_to_end", "queue_wait")

    def __init__(self) -> None:
        self.attempt = Histogram()
        self.queue_wait = Histogram()
        self.end_to_end = Histogram()
        self.batch = Histogram(ROWS)


class Dispatcher:
    """Carries batches of one partition's lanes; owns nothing but their timing."""

    def __init__(
        self,
        clock: Clock,
        settler: Settler,
        telemetry: Telemetry,
        on_room: Callable[[Lane], None],
        on_defect: Callable[[BaseException], None],
    ) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._monotonic = clock.monotonic
        self._settler = settler
        self._on_room = on_room
        self._on_defect = on_defect
        self._tasks: set[asyncio.Task[None]] = set()  # the loop's own references are weak
        self._on_arrival = self._arrived  # bound once
        self.timings = Timings()
        self.on_attempt: OnAttempt | None = None  # only while somebody traces
        self._stored_at: datetime | None = None
        self._stored = 0.0

    def carry(self, lane: Lane, batch: list[Carriage], ended: Ended) -> None:
        """Take one call from its lane to the next checkpoint; then `ended(lane, batch)`.

        A sink that answers by callback costs no task; others cost one a call.
        """
        if armed:
            reach("deliver.before")
        started = self._monotonic()
        deadline = started + lane.spec.policy.timeout_seconds
        start = getattr(lane.sink, "start", None)
        if start is not None and len(batch) == 1:
            carriage = batch[0]
            carriage.lane, carriage.started, carriage.ended = lane, started, ended
            carriage.target = lane.target
            start(carriage, deadline, self._on_arrival)
            return
        for carriage in batch:
            carriage.target = lane.target
        if isinstance(lane.target, ModelTarget):
            lane.target.begin_call(has_rows(batch))
        # The sink as well as its target: a reload may give the lane others before the task runs,
        # and this batch is by the limit of this one.
        task = asyncio.get_running_loop().create_task(
            self._wait(lane, lane.sink, batch, started, deadline, ended)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wait(
        self,
        lane: Lane,
        sink: Sink,
        batch: list[Carriage],
        started: float,
        deadline: float,
        ended: Ended,
    ) -> None:
        try:
            outcomes = await sink.deliver(batch, deadline)
        except Exception as error:  # noqa: BLE001 - the one place where a sink's defect is caught
            outcomes = defects(batch, f"{type(error).__name__}: {error}")
        if len(outcomes) != len(batch):
            outcomes = defects(batch, f"{len(outcomes)} outcomes for {len(batch)} deliveries")
        self._settle(lane, batch, outcomes, started, ended)

    def close(self) -> None:
        """Give up what is still under way after the grace: it is delivered again."""
        for task in self._tasks:
            task.cancel()

    def _arrived(self, carriage: Carriage, outcome: Outcome) -> None:
        """The outcome of a call of one delivery."""
        lane = carriage.lane
        if (
            type(outcome) is not Delivered
            or outcome.reply is not None
            or carriage.row is not None
            or carriage.order_key is not None
            or self.on_attempt is not None
        ):
            self._settle(lane, [carriage], (outcome,), carriage.started, carriage.ended)
            return
        try:
            now = self._monotonic()
            if armed:
                reach("deliver.after")
            self._time_delivered(carriage, carriage.started, now)
            self._settler.settle_usual(lane, carriage, outcome)
            if lane.breadth < BREADTH_FREE:
                widen(lane)
            if carriage.target.record(now, False):
                self._tell(carriage.target)
            if armed:
                reach("settle.before")
            if lane.next_due_at is not None or not lane.is_following:
                self._on_room(lane)
            carriage.ended(lane, 1)
        except Exception as error:  # noqa: BLE001 - the process ends: better than half a broker
            self._on_defect(error)

    def _settle(
        self,
        lane: Lane,
        batch: list[Carriage],
        outcomes: Sequence[Outcome],
        started: float,
        ended: Ended,
    ) -> None:
        """From outcomes to the ledger. A defect here would leave deliveries in limbo."""
        try:
            now = self._monotonic()
            reach("deliver.after")
            strained = has_failed = False
            held = len(lane.held)
            for carriage, outcome in zip(batch, outcomes, strict=True):
                if type(outcome) is Delivered:
                    self._time_delivered(carriage, started, now)
                else:
                    self._time_failed(carriage, started, now)
                    strained = strained or strains(outcome)
                    has_failed = has_failed or is_at_fault(outcome)
                if self.on_attempt is not None:
                    self.on_attempt(lane, carriage, outcome, started, now)
                self._settler.settle(lane, carriage, outcome, now - started)
            # The breaker counts calls: one failed if any of its outcomes speaks against the sink.
            target = batch[0].target
            if target.record(now, strained):
                self._tell(target)
            if isinstance(target, ModelTarget):
                target.end_call(has_rows(batch))
            if has_failed:
                narrow(lane)
            elif lane.breadth < BREADTH_FREE:
                widen(lane)
            if len(batch) > 1:
                self.timings.batch.observe(len(batch))
            self._settler.settled(len(batch) - (len(lane.held) - held))
            reach("settle.before")
            if lane.next_due_at is not None or not lane.is_following:
                self._on_room(lane)
            ended(lane, len(batch))
        except Exception as error:  # noqa: BLE001 - the process ends: better than half a broker
            self._on_defect(error)

    def _tell(self, target: Target) -> None:
        self._telemetry.emit("sink.state", sink=target.name, state=target.state.value)

    def _time_delivered(self, carriage: Carriage, started: float, ended: float) -> None:
        # Histogram.observe, written out three times: the calls would be most of its price.
        timings, stored_at = self.timings, carriage.stored_at
        if stored_at is not self._stored_at:
            self._note_commit(stored_at, ended)
        stored = self._stored
        if carriage.attempt == 1:
            histogram = timings.queue_wait
            histogram.sum += started - stored
            histogram.counts[bisect_left(SECONDS, started - stored)] += 1
        histogram = timings.attempt
        histogram.sum += ended - started
        histogram.counts[bisect_left(SECONDS, ended - started)] += 1
        histogram = timings.end_to_end
        histogram.sum += ended - stored
        histogram.counts[bisect_left(SECONDS, ended - stored)] += 1

    def _note_commit(self, stored_at: datetime, now: float) -> None:
        """One commit's events share their time: the difference of clocks is taken once."""
        self._stored_at = stored_at
        self._stored = now - (self._clock.now() - stored_at).total_seconds()

    def _time_failed(self, carriage: Carriage, started: float, ended: float) -> None:
        """It has waited as long as those that are delivered; only it never arrived."""
        self.timings.attempt.observe(ended - started)
        if carriage.attempt == 1:
            if carriage.stored_at is not self._stored_at:
                self._note_commit(carriage.stored_at, ended)
            self.timings.queue_wait.observe(started - self._stored)


def has_rows(batch: Sequence[Carriage]) -> bool:
    """Whether some of a call were tried before; who only waited for its variant was not."""
    return any(one.row is not None and not waits_apart(one.row) for one in batch)


def defects(batch: Sequence[Carriage], problem: str) -> list[Outcome]:
    """A sink that raises or miscounts has a defect: its deliveries are retried, and it is shown."""
    return [Failed(OutcomeClass.SUSPECT, f"defect in the sink: {problem}")] * len(batch)
