"""One call's way: deliver, decide, settle. The middle of the walk of an event.

take (pool) → deliver (sink) → decide (policy) → settle (settler → ledger) → checkpoint
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from broker.clock import Clock
from broker.delivery import Delivered, Failed, Outcome, OutcomeClass
from broker.failpoint import reach
from broker.telemetry import ROWS, Histogram, Telemetry
from sinks.target import strains
from triggers.carriage import Carriage
from triggers.failures import Sent
from triggers.lane import Lane
from triggers.settler import Settler


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
    ) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._monotonic = clock.monotonic
        self._settler = settler
        self._on_room = on_room
        self.timings = Timings()
        self._stored_at: datetime | None = None
        self._stored = 0.0

    async def carry(self, lane: Lane, batch: list[Carriage]) -> None:
        """Take one call from its lane to the next checkpoint; never raises for a sink's fault."""
        reach("deliver.before")
        started = self._monotonic()
        deadline = started + lane.spec.policy.timeout_seconds
        try:
            outcomes = await lane.sink.deliver(batch, deadline)
        except Exception as error:  # noqa: BLE001 - the one place where a sink's defect is caught
            outcomes = defects(batch, f"{type(error).__name__}: {error}")
        if len(outcomes) != len(batch):
            outcomes = defects(batch, f"{len(outcomes)} outcomes for {len(batch)} deliveries")
        ended = self._monotonic()
        reach("deliver.after")
        self._record(lane, outcomes, ended)
        self._time(batch, outcomes, started, ended)
        self._settler.settle(lane, batch, outcomes, Sent(started, ended - started))
        reach("settle.before")
        self._on_room(lane)

    def _record(self, lane: Lane, outcomes: Sequence[Outcome], now: float) -> None:
        """Tell the breaker: a call failed if any of its outcomes speaks against the sink."""
        strained = False
        for outcome in outcomes:
            if type(outcome) is not Delivered and strains(outcome):
                strained = True
        target = lane.target
        before = target.state
        target.record(now, strained)
        if target.state is not before:
            self._telemetry.emit("sink.state", sink=target.name, state=target.state.value)

    def _time(
        self, batch: list[Carriage], outcomes: Sequence[Outcome], started: float, ended: float
    ) -> None:
        timings = self.timings
        timings.attempt.observe(ended - started)
        timings.batch.observe(len(batch))
        for carriage, outcome in zip(batch, outcomes, strict=True):
            if carriage.stored_at is not self._stored_at:
                # One commit's events share their time: the difference of clocks is taken once.
                self._stored_at = carriage.stored_at
                since = (self._clock.now() - carriage.stored_at).total_seconds()
                self._stored = ended - since
            if carriage.attempt == 1:
                timings.queue_wait.observe(max(0.0, started - self._stored))
            if isinstance(outcome, Delivered):
                timings.end_to_end.observe(max(0.0, ended - self._stored))


def defects(batch: Sequence[Carriage], problem: str) -> list[Outcome]:
    """A sink that raises or miscounts has a defect: its deliveries are retried, and it is shown."""
    return [Failed(OutcomeClass.SUSPECT, f"defect in the sink: {problem}")] * len(batch)
