"""Enrol: make a trigger's lane from its spec and from what the store knows of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.clock import Clock
from broker.storage.log import Log
from broker.storage.rows import Counts, Cursor, Loaded, TriggerState, WaitingRow
from broker.telemetry import Telemetry
from sinks.sink import Sink
from sinks.target import Target
from triggers.budget import Budget
from triggers.failures import COMPANION
from triggers.filters.filter import Filter
from triggers.lane import Carry, Lane
from triggers.ledger import Ledger
from triggers.leftover import has_ended, names_with_rows
from triggers.revisions import Revisions
from triggers.standing import Known, Standing, begin, filter_of, stand, stand_removed
from triggers.trigger import TriggerSpec
from triggers.turns import Turns


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
    """Makes the lanes of one partition; new revisions go into the ledger.

    `first_offset` and `last_offset` are the log's: whoever enrols later than at the start
    says how far it is by then.
    """

    def __init__(
        self,
        loaded: Loaded,
        log: Log,
        ledger: Ledger,
        budget: Budget,
        clock: Clock,
        telemetry: Telemetry,
        carry: Carry,
        revisions: Revisions,
    ) -> None:
        self._loaded = loaded
        self._log = log
        self._ledger = ledger
        self._budget = budget
        self._clock = clock
        self._telemetry = telemetry
        self._carry = carry
        self._revisions = revisions
        self.first_offset, self.last_offset = loaded.first_offset, loaded.last_offset
        self._with_rows = set(names_with_rows(loaded))
        self._ended: set[str] = set()  # since the start
        self._cursors = dict(loaded.cursors)
        self._counts = dict(loaded.counts)
        self._states = dict(loaded.states)
        # What is loaded counts for the first lane of a name only, and is given up with it.
        self._parked = dict(loaded.parked)
        # By trigger, once: ten thousand of them must not look through each other's rows.
        self._parked_keys: dict[str, list[str]] = {}
        self._waiting: dict[str, list[WaitingRow]] = {}
        for trigger, key in loaded.parked_keys:
            self._parked_keys.setdefault(trigger, []).append(key)
        for row in loaded.waiting:
            self._waiting.setdefault(row.trigger, []).append(row)

    async def start_offset(self, spec: TriggerSpec) -> int:
        """The offset after which a new trigger begins, by its `start`."""
        oldest = max(0, self.first_offset - 1)
        if spec.start == "latest":
            return self.last_offset
        if spec.start == "earliest":
            return oldest
        return max(await self._log.offset_at(spec.start), oldest)

    def has_ended(self, name: str) -> bool:
        """Whether a trigger of this name would begin anew, and not go on where it stands."""
        is_known = name not in self._ended
        return not is_known or has_ended(
            name, self._revisions, self._with_rows, self._loaded.routed
        )

    def enrol(
        self, wired: Wired, start_offset: int, filters: Mapping[bytes, Filter] | None = None
    ) -> Lane:
        """The lane of `wired`, standing where it stood, with a companion for dead letters.

        `filters` are those that were built already, by document.
        """
        known, now = self._known(wired.spec.name), self._clock.now()
        if self.has_ended(wired.spec.name):
            standing = begin(wired.spec, known, start_offset, now)
        else:
            standing = stand(wired.spec, known, now)
        return self._make(wired, standing, filters or {})

    def enrol_removing(self, wired: Wired) -> Lane:
        """The lane of a trigger that is not configured any more: it finishes what it has."""
        known = self._known(wired.spec.name)
        standing = stand_removed(wired.spec, known, self._clock.now())
        lane = self._make(wired, standing, {})
        lane.is_removing = True
        return lane

    def keep_place(self, cursor: Cursor) -> None:
        """A trigger without a lane has got a cursor row: whoever enrols it later goes by it."""
        self._cursors[cursor.trigger] = cursor
        self._with_rows.add(cursor.trigger)

    def forget(self, lane: Lane) -> None:
        """The trigger of `lane` has ended: nothing but its counts is left."""
        self._counts[lane.name] = lane.totals
        self._ended.add(lane.name)

    def _known(self, name: str) -> Known:
        return Known(
            self._revisions.of(name),
            self._cursors.get(name),
            self._states.get(name),
            self._loaded.routed,
            self.first_offset,
            self.last_offset,
        )

    def _make(self, wired: Wired, standing: Standing, filters: Mapping[bytes, Filter]) -> Lane:
        lane = self._lane(wired.spec, wired.endpoint)
        self._place(lane, standing, filters)
        self._load_rows(lane)
        self._cursors.pop(lane.name, None)
        self._states.pop(lane.name, None)
        self._ended.discard(lane.name)
        if wired.dead_letter is not None:
            lane.companion = self.companion(lane, wired.dead_letter)
        return lane

    def _lane(self, spec: TriggerSpec, endpoint: Endpoint) -> Lane:
        sink, target = endpoint.sink, endpoint.target
        log_id = self._loaded.log_id
        return Lane(spec, sink, target, self._ledger, log_id, self._budget, self._carry)

    def _place(self, lane: Lane, standing: Standing, filters: Mapping[bytes, Filter]) -> None:
        for revision in standing.revisions:
            filter_ = filters.get(revision.spec) or filter_of(revision.spec)
            lane.revisions.append((revision.number, revision.from_offset, filter_))
        lane.position = standing.position
        lane.skip = standing.settled
        lane.has_row = standing.has_row
        lane.totals = self._counts.get(lane.name, Counts(lane.name))
        lane.trigger_state = standing.state
        lane.is_paused = standing.state.paused
        if lane.is_paused:
            lane.pauses.begin(standing.state.since or self._clock.now())
        if standing.state != self._states.get(lane.name, TriggerState(lane.name)):
            self._ledger.states.append(standing.state)
        applied = standing.applied
        if applied is None:
            return
        self._revisions.add(applied)
        self._ledger.revisions.append(applied)
        self._ledger.touch(lane)
        if applied.number > 1:
            self._telemetry.emit(
                "trigger.revised",
                trigger=lane.name,
                revision=applied.number,
                from_offset=applied.from_offset,
            )

    def _load_rows(self, lane: Lane) -> None:
        if (parked := self._parked.pop(lane.name, None)) is not None:
            lane.parked_count = parked.count
            lane.next_due_at = parked.next_due_at
        waiting = self._waiting.pop(lane.name, ())
        keys = self._parked_keys.pop(lane.name, ())
        if (waiting or keys) and lane.turns is None:
            # It is not ordered any more, but these still wait, or are waited for.
            lane.turns = Turns(self._budget.use)
        if lane.turns is None:
            return
        for key in keys:
            lane.turns.load_parked(key)
        for row in waiting:
            lane.turns.load(row.order_key, row.offset)

    def companion(self, lane: Lane, endpoint: Endpoint) -> Lane:
        """The lane that carries copies of a trigger's dead letters to its deadLetterSink."""
        companion = self._lane(lane.spec, endpoint)
        companion.name = lane.name + COMPANION
        companion.is_companion = True
        companion.is_following = True
        companion.turns = None
        companion.is_paused = False
        self._load_rows(companion)
        return companion
