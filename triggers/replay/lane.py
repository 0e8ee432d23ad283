"""The lane of one replay job: fed from the log up to its last offset, at its own pace."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from broker.codec import with_attributes
from broker.errors import Invalid
from broker.event import Event, StoredEvent
from broker.storage.rows import Counts, Cursor, Place, Record
from sinks.sink import Sink
from triggers.budget import Budget
from triggers.carriage import Carriage
from triggers.enrolment import Endpoint
from triggers.lane import Carry, Ended, Lane
from triggers.ledger import Ledger
from triggers.replay.job import OPEN, PREFIX, ReplayJob, State, Written, encode
from triggers.replay.pace import Pace, Share
from triggers.trigger import TriggerSpec
from triggers.turns import Turns

MARK = "headracereplay"  # the extension by which a sink can tell
QUEUE_EVENTS = 256  # fewer than a trigger's: a replay is slow by intent


class ReplayCarriage(Carriage):
    """A delivery of a replay: the trigger's to the sink, the job's in rows and checkpoints."""

    __slots__ = ("kept", "rows_of")

    kept: Event  # as stored, without the mark
    rows_of: str  # the lane's name

    @property
    def place(self) -> Place:
        return Place(self.rows_of, self.offset, self.step)

    @property
    def kept_event(self) -> Event:
        return self.kept


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a replay's lane works with; `share` is None where another sink is called."""

    ledger: Ledger
    log_id: str
    budget: Budget
    carry: Carry
    share: Share | None
    call_ended: Callable[["ReplayLane"], None]
    asked_to_pause: Callable[["ReplayLane", str], None]


class ReplayLane(Lane):
    """`totals` is the job's tally; the counts and the cursor of the trigger know nothing of it."""

    is_fair = False  # in the order of the log

    def __init__(
        self, job: ReplayJob, spec: TriggerSpec, endpoint: Endpoint, around: Surroundings
    ) -> None:
        super().__init__(
            self._spec_of(job, spec), endpoint.sink, endpoint.target,
            around.ledger, around.log_id, around.budget, self._carry,
        )  # fmt: skip
        self.job = job
        self.name = job.lane_name
        self.origin_spec = spec  # the trigger's own, as this lane knows it
        self.share = around.share
        self.pace = Pace(job.rate_per_second)
        if job.in_order:
            self.turns = Turns(around.budget.use)
            self.max_in_flight = 1
        self.totals = Counts(self.name)
        self.revisions = [(job.revision, 0, job.filter())]
        self.position = job.first - 1
        self.is_paused = job.state is not State.RUNNING
        self.is_origin_paused = False
        self.began_at = 0.0  # monotonic: since when it has been running, and from where
        self.began_passed = self.began_settled = 0
        self._around = around
        self._former_sinks: list[Sink] = []  # calls of these may be in flight

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """Those it calls, or may still wait for."""
        if not self.in_flight:
            self._former_sinks.clear()
        return (self.sink, *self._former_sinks)

    @staticmethod
    def _spec_of(job: ReplayJob, spec: TriggerSpec) -> TriggerSpec:
        return replace(spec, max_in_flight=spec.share_max, rate_per_second=job.rate_per_second)

    def adopt(self, spec: TriggerSpec, endpoint: Endpoint) -> None:
        """The trigger has another policy or sink by now: it counts for what is left."""
        if endpoint.sink is not self.sink:
            self._former_sinks.append(self.sink)
        self.origin_spec, order_by = spec, self.spec.order_by
        self.spec = replace(self._spec_of(self.job, spec), order_by=order_by)
        self.sink, self.target = endpoint.sink, endpoint.target
        self.arrange()

    @property
    def is_stopped(self) -> bool:
        return self.is_paused or self.is_origin_paused

    @property
    def may_begin(self) -> bool:
        return not self.is_origin_paused and super().may_begin

    @property
    def is_hungry(self) -> bool:
        """Whether a page of the log should be read for it."""
        if self.job.state is not State.RUNNING or self.position >= self.job.last:
            return False
        return self.has_room and len(self.queue) < QUEUE_EVENTS

    @property
    def is_done(self) -> bool:
        """All of the range is settled, and nothing waits for another attempt."""
        if self.position < self.job.last or self.in_flight or self.parked_count:
            return False
        is_idle = self.turns is None or self.turns.is_idle
        return is_idle and not (self.queue or self.retries or self.released or self.open)

    def feed(self, page: Sequence[StoredEvent]) -> None:
        """Queue what matches of a page that begins after `position`, as far as there is room."""
        last, filter_ = self.job.last, self.revisions[0][2]
        for stored in page:
            if stored.offset > last:
                break
            is_open = not (self.skip and self.is_skipped(stored.offset))
            if is_open and filter_.matches(stored.event):
                if not self.has_room:
                    return
                self.push(stored)
            self.position = stored.offset
        if not page or page[-1].offset > last:
            self.position = last
        self.ledger.touch(self)

    def key_of(self, event: Event) -> str | None:
        if self.job.in_order:
            return ""  # one key for all: whatever is not settled holds back the rest
        return event.attributes.get(self.spec.order_by) if self.spec.order_by else None

    def take(self) -> list[Carriage]:
        """The deliveries of one call: retries, released rows, then the log in its order."""
        self.in_flight += 1
        if self.share is not None:
            self.share.take()
        batch: list[Carriage] = []
        batch += map(self.own, self.take_up_to(self.sink.batch_limit))
        self.in_flight_deliveries += len(batch)
        self.pace.overdraw(len(batch) - 1)
        return batch

    def own(self, carriage: Carriage) -> ReplayCarriage:
        """The same delivery under the job's name: its own id, and marked for the sink."""
        own: ReplayCarriage = object.__new__(ReplayCarriage)
        own.offset = carriage.offset
        own.attempt = carriage.attempt
        own.id = f"{self.id_prefix}{carriage.offset}/{self.job.step}"
        own.trigger = self.job.trigger
        own.step = self.job.step
        own.kept = carriage.kept_event
        own.event = marked(own.kept, self.job.id)
        own.rows_of = self.name
        own.stored_at = carriage.stored_at
        own.row = carriage.row
        own.waiting = carriage.waiting
        own.order_key = carriage.row.order_key if carriage.row else carriage.order_key
        # A row keeps what it was parked with, though its trigger may have an order by now.
        if self.turns is not None and own.row is None and own.order_key is None:
            own.order_key = self.key_of(own.kept)
        return own

    def rate_wait_seconds(self, now: float) -> float:
        """Seconds until a slot of the trigger and the job's own rate let the next call go."""
        if self.share is not None and (wait := self.share.wait_seconds()) > 0.0:
            return wait
        return self.pace.take(now)

    def _carry(self, lane: Lane, batch: list[Carriage], ended: Ended) -> None:
        def over(one: Lane, deliveries: int) -> None:
            if self.share is not None:
                self.share.give_back()
            ended(one, deliveries)
            self._around.call_ended(self)

        self._around.carry(lane, batch, over)

    def job_progress(self) -> tuple[Record, Cursor | None]:
        """What is written of the job in a checkpoint; no cursor once it needs the log no more."""
        value = encode(self.written())
        return Record(PREFIX + self.job.id, value), self.cursor() if self.is_open else None

    def written(self) -> Written:
        """The job as it is now."""
        self.take_counts()  # adds them to `totals`
        return Written(self.job, self.totals, self.cursor().offset)

    @property
    def is_open(self) -> bool:
        """Whether it may still read the log."""
        return self.job.state in OPEN

    def discard(self, rows: int) -> None:
        """Rows of a cancelled job were taken back."""
        self.totals = replace(self.totals, discarded=self.totals.discarded + rows)
        self.ledger.touch(self)

    def pause_itself(self, why: str) -> bool:
        self._around.asked_to_pause(self, why)
        return True

    def began(self, now: float, at: datetime) -> None:
        """It runs from now on: what it does is measured from here, and how long it waits too."""
        written = self.written()
        self.began_at, self.began_passed, self.asked_at = now, written.passed, at
        self.began_settled = written.tally.delivered + written.tally.dead

    def let_go(self) -> None:
        """Keep no slot of the trigger free for a call that will not come."""
        if self.share is not None:
            self.share.give_back(0)

    def stop(self) -> None:
        """Begin nothing more; what is in the queue is left in the log."""
        self.is_paused = True
        if self.queue:
            self.position = min(self.position, self.queue[0].offset - 1)
        for stored in self.queue:
            self.budget.use(-stored.size_bytes)
            self.open.pop(stored.offset, None)
        for carriage in self.held:
            if carriage.row is None:
                self.position = min(self.position, carriage.offset - 1)
                self.open.pop(carriage.offset, None)
        self.queue.clear()
        self.held.clear()
        self.retries.clear()
        self.released.clear()
        self.let_go()


def marked(event: Event, job: str) -> Event:
    """`event` as its sink gets it: with the job's id, where an attribute more may be."""
    try:
        return with_attributes(event, {MARK: job})
    except Invalid:  # as many extensions as an event may have: it goes as it is
        return event
