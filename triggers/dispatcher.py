"""One call's way: deliver, decide, settle. The middle of the walk of an event.

take (pool) → deliver (sink) → decide (policy) → settle (settler → ledger) → checkpoint
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from broker.clock import Clock
from broker.delivery import Delivered, Failed, Outcome, OutcomeClass
from broker.failpoint import reach
from broker.telemetry import ROWS, Histogram, Telemetry
from sinks.target import Target, strains
from triggers.carriage import Carriage
from triggers.lane import Ended, Lane
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
        self.timings = Timings()
        self.on_attempt: OnAttempt | None = None  # only while somebody traces
        self._stored_at: datetime | None = None
        self._stored = 0.0

    def carry(self, lane: Lane, batch: list[Carriage], ended: Ended) -> None:
        """Take one call from its lane to the next checkpoint; then `ended(lane, batch)`.

        A sink that answers by callback costs no task; others cost one a call.
        """
        reach("deliver.before")
        started = self._monotonic()
        deadline = started + lane.spec.policy.timeout_seconds
        start = getattr(lane.sink, "start", None)
        if start is not None and len(batch) == 1:
            start(batch[0], deadline, partial(self._arrived, lane, batch, started, ended))
            return
        task = asyncio.get_running_loop().create_task(
            self._wait(lane, batch, started, deadline, ended)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wait(
        self, lane: Lane, batch: list[Carriage], started: float, deadline: float, ended: Ended
    ) -> None:
        try:
            outcomes = await lane.sink.deliver(batch, deadline)
        except Exception as error:  # noqa: BLE001 - the one place where a sink's defect is caught
            outcomes = defects(batch, f"{type(error).__name__}: {error}")
        if len(outcomes) != len(batch):
            outcomes = defects(batch, f"{len(outcomes)} outcomes for {len(batch)} deliveries")
        self._settle(lane, batch, outcomes, started, ended)

    def close(self) -> None:
        """Give up what is still under way after the grace: it is delivered again."""
        for task in self._tasks:
            task.cancel()

    def _arrived(
        self, lane: Lane, batch: list[Carriage], started: float, ended: Ended, outcome: Outcome
    ) -> None:
        """The outcome of a call of one delivery."""
        self._settle(lane, batch, (outcome,), started, ended)

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
            strained = False
            for carriage, outcome in zip(batch, outcomes, strict=True):
                if type(outcome) is Delivered:
                    self._time_delivered(carriage, started, now)
                else:
                    self._time_failed(carriage, started, now)
                    strained = strained or strains(outcome)
                if self.on_attempt is not None:
                    self.on_attempt(lane, carriage, outcome, started, now)
                self._settler.settle(lane, carriage, outcome, now - started)
            # The breaker counts calls: one failed if any of its outcomes speaks against the sink.
            if lane.target.record(now, strained):
                self._tell(lane.target)
            self._time_call(batch, now - started)
            self._settler.settled(len(batch))
            reach("settle.before")
            if lane.next_due_at is not None or not lane.is_following:
                self._on_room(lane)
            ended(lane, batch)
        except Exception as error:  # noqa: BLE001 - the process ends: better than half a broker
            self._on_defect(error)

    def _tell(self, target: Target) -> None:
        self._telemetry.emit("sink.state", sink=target.name, state=target.state.value)

    def _time_call(self, batch: list[Carriage], seconds: float) -> None:
        attempts = self.timings.attempt
        # Histogram.observe, written out here and below: the call would be most of its price.
        attempts.counts[bisect_left(attempts.bounds, seconds)] += 1
        attempts.sum += seconds
        if len(batch) > 1:
            self.timings.batch.observe(len(batch))

    def _time_delivered(self, carriage: Carriage, started: float, ended: float) -> None:
        if carriage.stored_at is not self._stored_at:
            # One commit's events share their time: the difference of clocks is taken once.
            self._stored_at = carriage.stored_at
            since = (self._clock.now() - carriage.stored_at).total_seconds()
            self._stored = ended - since
        if carriage.attempt == 1:
            value = started - self._stored
            waits = self.timings.queue_wait
            waits.counts[bisect_left(waits.bounds, value)] += 1
            waits.sum += value
        value = ended - self._stored
        ends = self.timings.end_to_end
        ends.counts[bisect_left(ends.bounds, value)] += 1
        ends.sum += value

    def _time_failed(self, carriage: Carriage, started: float, ended: float) -> None:
        """It has waited as long as those that are delivered; only it never arrived."""
        if carriage.attempt == 1:
            since = (self._clock.now() - carriage.stored_at).total_seconds()
            self.timings.queue_wait.observe(since - (ended - started))


def defects(batch: Sequence[Carriage], problem: str) -> list[Outcome]:
    """A sink that raises or miscounts has a defect: its deliveries are retried, and it is shown."""
    return [Failed(OutcomeClass.SUSPECT, f"defect in the sink: {problem}")] * len(batch)
