"""Enrol: make a trigger's lane from its spec and from what the store knows of it."""

from dataclasses import dataclass

from broker.clock import Clock
from broker.storage.log import Log
from broker.storage.rows import Counts, Loaded, Revision, TriggerState, WaitingRow
from broker.telemetry import Telemetry
from sinks.sink import Sink
from sinks.target import Target
from triggers.failures import COMPANION
from triggers.lane import Budget, Carry, Lane
from triggers.ledger import Ledger
from triggers.standing import Standing, filter_of, stand
from triggers.trigger import TriggerSpec


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A sink and the target that all who use it share."""

    sink: Sink
    target: Target


@dataclass(frozen=True, slots=True)
class Wired:
    """A trigger with the endpoints it delivers to."""

    spec: TriggerSpec
    endpoint: Endpoint
    dead_letter: Endpoint | None = None


class Enrolment:
    """Makes the lanes of one partition; new revisions go into the ledger."""

    def __init__(
        self,
        loaded: Loaded,
        log: Log,
        ledger: Ledger,
        budget: Budget,
        clock: Clock,
        telemetry: Telemetry,
        carry: Carry,
    ) -> None:
        self._loaded = loaded
        self._log = log
        self._ledger = ledger
        self._budget = budget
        self._clock = clock
        self._telemetry = telemetry
        self._carry = carry
        # By trigger, once: ten thousand of them must not look through each other's rows.
        self._revisions: dict[str, list[Revision]] = {}
        self._parked_keys: dict[str, list[str]] = {}
        self._waiting: dict[str, list[WaitingRow]] = {}
        for revision in loaded.revisions:
            self._revisions.setdefault(revision.trigger, []).append(revision)
        for trigger, key in loaded.parked_keys:
            self._parked_keys.setdefault(trigger, []).append(key)
        for row in loaded.waiting:
            self._waiting.setdefault(row.trigger, []).append(row)

    async def start_offset(self, spec: TriggerSpec) -> int:
        """The offset after which a new trigger begins, by its `start`."""
        oldest = max(0, self._loaded.first_offset - 1)
        if spec.start == "latest":
            return self._loaded.last_offset
        if spec.start == "earliest":
            return oldest
        return max(await self._log.offset_at(spec.start), oldest)

    def enrol(self, wired: Wired, start_offset: int) -> Lane:
        """The lane of `wired`, standing where it stood, with a companion for dead letters."""
        stored = self._revisions.get(wired.spec.name, ())
        standing = stand(wired.spec, stored, self._loaded, start_offset, self._clock.now())
        lane = self._lane(wired.spec, wired.endpoint)
        self._place(lane, standing)
        self._load_rows(lane)
        if wired.dead_letter is not None:
            lane.companion = self._companion(lane, wired.dead_letter)
        return lane

    def _lane(self, spec: TriggerSpec, endpoint: Endpoint) -> Lane:
        sink, target = endpoint.sink, endpoint.target
        log_id = self._loaded.log_id
        return Lane(spec, sink, target, self._ledger, log_id, self._budget, self._carry)

    def _place(self, lane: Lane, standing: Standing) -> None:
        for revision in standing.revisions:
            filter_ = filter_of(revision.spec)
            lane.revisions.append((revision.number, revision.from_offset, filter_))
        lane.position = standing.position
        lane.skip = standing.settled
        lane.has_row = standing.has_row
        lane.totals = self._loaded.counts.get(lane.name, Counts(lane.name))
        lane.is_paused = lane.spec.paused or standing.pause is not None
        applied = standing.applied
        if applied is None:
            return
        self._ledger.revisions.append(applied)
        self._ledger.states.append(TriggerState(lane.name, lane.is_paused))
        self._ledger.touch(lane)
        if applied.number > 1:
            self._telemetry.emit(
                "trigger.revised",
                trigger=lane.name,
                revision=applied.number,
                from_offset=applied.from_offset,
            )

    def _load_rows(self, lane: Lane) -> None:
        if (parked := self._loaded.parked.get(lane.name)) is not None:
            lane.parked_count = parked.count
            lane.next_due_at = parked.next_due_at
        if lane.turns is None:
            return
        for key in self._parked_keys.get(lane.name, ()):
            lane.turns.load_parked(key)
        for row in self._waiting.get(lane.name, ()):
            lane.turns.load(row.order_key, row.offset)

    def _companion(self, lane: Lane, endpoint: Endpoint) -> Lane:
        """The lane that carries copies of a trigger's dead letters to its deadLetterSink."""
        companion = self._lane(lane.spec, endpoint)
        companion.name = lane.name + COMPANION
        companion.is_companion = True
        companion.is_following = True
        companion.turns = None
        companion.is_paused = False
        self._load_rows(companion)
        return companion
