"""One trigger at work: what it has in memory, how far it is, what it may take next.

Two lanes in one: while it *follows*, the router pushes matching events as they are stored;
once it is *behind* (full, paused, restarted) a reader feeds it from the log in pages, until
it has caught up. What it holds in memory is bounded (`triggers.queueing`), never by the backlog.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime

from broker.clock import EPOCH
from broker.event import StoredEvent
from broker.storage.rows import Cursor, Place, Record, TriggerState, WaitingRow
from broker.token_bucket import TokenBucket
from sinks.sink import Sink
from sinks.target import Target
from triggers.budget import Budget
from triggers.carriage import Carriage, fresh
from triggers.cursors import cursor_of
from triggers.filters.filter import Filter
from triggers.gathering import Gathering
from triggers.held import take_held, take_to_try
from triggers.lane_counts import LaneCounts
from triggers.ledger import SETTLED_MAX, Ledger
from triggers.pauses import Pauses
from triggers.queueing import Queueing
from triggers.ranges import is_within
from triggers.redriven import Redriven
from triggers.trigger import TriggerSpec

RETRIES_MAX = 256
BREADTH_FREE = 1 << 30  # its sink does not fail
ENDING = "ending"  # among the holds of a lane whose rows an operator takes away


Ended = Callable[["Lane", int], None]
"""Called with the lane and how many deliveries the call that is over carried."""
Carry = Callable[["Lane", list[Carriage], Ended], None]


class Lane(Queueing):
    """The position is the last offset routed to this lane: all up to it is settled, or in
    `queue`, in flight, or has a row; everything beyond it is still in the log only.
    """

    elsewhere = ""  # the sink of a redrive that does not go to the trigger's own

    def __init__(
        self,
        spec: TriggerSpec,
        sink: Sink,
        target: Target,
        ledger: Ledger,
        log_id: str,
        budget: Budget,
        carry: Carry,
    ) -> None:
        super().__init__(spec, budget, log_id)
        self.sink = sink
        self.target = target
        self.ledger = ledger
        self.carry = carry
        self.revisions: list[tuple[int, int, Filter]] = []  # number, from_offset, filter
        self.retries: deque[Carriage] = deque()
        self.redriven = Redriven()
        self.released: deque[Carriage] = deque()  # rows of an ordered key whose turn came
        self.held: deque[Carriage] = deque()  # taken before, and waiting for the target
        self.skip: tuple[tuple[int, int], ...] = ()  # settled or rows, at load or after a seek
        self.position = 0
        self.is_following = False
        self.has_row = False  # a cursor row of its own is in the store
        self.marked_at = EPOCH
        self.is_paused = spec.paused
        self.trigger_state = TriggerState(spec.name, spec.paused)  # who paused it last, and why
        self.pauses = Pauses()
        self.holds: set[str] = set()  # why nothing is fed to it and no call begins, for a while
        self.is_removing = False  # not configured any more: finishes what it has
        self.companion: Lane | None = None
        self.is_companion = False  # carries dead letters to the trigger's deadLetterSink
        self.is_listed = False  # stands in the pool's line
        self.asked_at = EPOCH  # when a seek last told it where to begin
        self.max_in_flight = spec.calls_max
        self.breadth = BREADTH_FREE
        self.in_flight = 0  # calls
        self.in_flight_deliveries = 0
        self.blocked_until = 0.0
        self.taken: set[Place] = set()  # parked rows held in memory or not yet checkpointed
        self.parked_count = 0
        self.next_due_at: datetime | None = None
        self.told_at = float("-inf")  # when dead letters were last logged
        self.untold_dead = 0
        self.counts = LaneCounts()
        rate = spec.rate_per_second
        self.rate = None if rate is None else TokenBucket(rate)
        self.gathering: Gathering | None = None

    @property
    def revision(self) -> int:
        """The number of the present one; of a removing trigger the last that matched anything."""
        return self.revisions[-2 if self.is_removing and len(self.revisions) > 1 else -1][0]

    def filter_at(self, offset: int) -> Filter | None:
        """The filter of the revision that routes `offset`; None before the first one."""
        found = None
        for _, from_offset, filter_ in self.revisions:
            if from_offset > offset:
                break
            found = filter_
        return found

    @property
    def is_stopped(self) -> bool:
        """Whether nothing begins until an operator lets it."""
        return self.is_paused

    def push(self, stored: StoredEvent) -> None:
        """A matching event beyond `position`; the caller has asked `has_room`."""
        turns = self.turns
        if turns is None:
            self.enqueue(stored)
        elif (key := self.key_of(stored.event)) is None or turns.take(key):
            self.open[stored.offset] = None
            self.enqueue(stored)
        elif turns.wait(key, stored):
            self._matched += 1
            self.ledger.waiting.append(WaitingRow(self.name, stored.offset, key))
        else:
            self.open[stored.offset] = None
        self.ledger.touched[self] = None

    @property
    def may_begin(self) -> bool:
        """Whether there is work for a call and the trigger's own limits let it begin."""
        if not (self.queue or self.retries or self.released or self.held):
            return False
        if self.is_paused or self.holds or self.in_flight >= self.max_in_flight:
            return False
        if self.in_flight >= self.breadth:
            return False
        if self.ledger.settled >= SETTLED_MAX:
            self.ledger.is_blocking = True
            return False
        return True

    def take(self) -> list[Carriage]:
        """The deliveries of one call, oldest work first: retries, released rows, then the log."""
        self.in_flight += 1
        limit = self.sink.batch_limit
        if limit == 1 and self.turns is None and not (self.retries or self.released or self.held):
            # The usual call, kept short: one event, fresh from the log.
            stored = self.queue.popleft()
            self.budget.used_bytes -= stored.size_bytes
            self.open[stored.offset] = None
            self.in_flight_deliveries += 1
            return [fresh(self.id_prefix, self.name, stored)]
        batch = self.take_up_to(limit)
        self.in_flight_deliveries += len(batch)
        return batch

    def take_up_to(self, limit: int) -> list[Carriage]:
        """At most `limit` deliveries; one where the target has to be tried first."""
        if self.target.is_trying:
            return take_to_try(self)
        batch = take_held(self, limit) if self.held else []
        if self.target.takes_retries:
            while self.retries and len(batch) < limit:
                batch.append(self.retries.popleft())
        while self.released and len(batch) < limit:
            batch.append(self.released.popleft())
        while self.queue and len(batch) < limit:
            batch.append(self.take_fresh())
        return batch

    def own(self, carriage: Carriage) -> Carriage:
        """`carriage` as this lane carries it; a replay's is under the job's name."""
        return carriage

    def rate_wait_seconds(self, now: float) -> float:
        """Seconds until the trigger's rate lets the next call go; takes a token when 0."""
        return 0.0 if self.rate is None else self.rate.take(1, now)

    def leave(self, carriage: Carriage, delivered: bool) -> None:
        """Count one settled delivery and forget its offset; rows are the settler's."""
        if carriage.row is None and not carriage.waiting:
            self.open.pop(carriage.offset, None)
            self._matched += not self.is_companion
        is_redriven = carriage.row is not None and carriage.row.redrives
        if delivered and not self.is_companion:
            if is_redriven:
                self._redelivered += 1
            else:
                self._delivered += 1
        if is_redriven:
            self.redriven.settled(carriage.place)
            self._let_redriven_go()
        self.ledger.touched[self] = None

    def retry(self, carriage: Carriage) -> None:
        """It is due: its call begins as soon as a slot is free, of those redriven as a share."""
        if carriage.row is None or not carriage.row.redrives:
            self.retries.append(carriage)
            return
        self.redriven.wait(carriage)
        self._let_redriven_go()

    def _let_redriven_go(self) -> None:
        self.retries.extend(self.redriven.let_go(self.redriven_max))

    @property
    def redriven_max(self) -> int:
        """How many of those may be in calls at once."""
        return self.spec.share_max * self.sink.batch_limit

    def leave_usual(self, offset: int) -> None:
        """`leave` of a delivered event that came fresh from the log, unordered."""
        self.open.pop(offset, None)
        self._matched += 1
        self._delivered += 1
        self.ledger.touched[self] = None

    def job_progress(self) -> tuple[Record, Cursor | None] | None:
        """What the lane of a job writes instead: its record, and a cursor while it needs one.

        None: this is a trigger's lane, which writes a cursor and counts.
        """
        return None

    def pause_itself(self, why: str) -> bool:
        """True where an answer that asks to stop stops this lane's job; False: its trigger."""
        return False

    @property
    def is_following_idle(self) -> bool:
        """Nothing open, so it stands where routing stands and needs no cursor of its own."""
        return self.is_following and not self.open and not self.queue

    def cursor(self) -> Cursor:
        """Where a restart would go on, and what it must not deliver again."""
        return cursor_of(self)

    def is_skipped(self, offset: int) -> bool:
        """Whether `offset`, beyond the cursor, was settled before or has a row."""
        return is_within(self.skip, offset)
