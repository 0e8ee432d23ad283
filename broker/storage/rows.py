"""What a store keeps beside events: the values that append, checkpoint and load exchange.

All frozen; all times aware UTC; triggers are named `namespace/name`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from broker.delivery import Attempt
from broker.errors import HeadraceError
from broker.event import Cause, Event, StoredEvent


@dataclass(frozen=True, slots=True)
class Record:
    """One small durable keyed value. `value` None deletes it.

    `expect` is the revision it must have now (0: must not exist); None writes blindly.
    A mismatch fails the whole append or checkpoint with StaleRevision.
    """

    key: str
    value: bytes | None
    expect: int | None = None


class Append:
    """Events on their way into the log in one commit, all or nothing.

    `keys` are 8 opaque bytes per event (the dedupe key's hash), in order, kept with the
    events so that `Log.recent_keys` can give them back after a restart.
    `done(append)` is called exactly once, on the loop: then either `stored` holds one
    StoredEvent per event, in order, or `error` says why not.
    `taken` is set by the writer when it can no longer be withdrawn.
    """

    __slots__ = (
        "done",
        "error",
        "events",
        "keys",
        "principal",
        "queued_at",
        "records",
        "stored",
        "taken",
    )

    def __init__(
        self,
        events: Sequence[Event],
        keys: bytes,
        done: "Callable[[Append], None]",
        principal: str = "anonymous",
        records: Sequence[Record] = (),
        queued_at: float = 0.0,
    ) -> None:
        self.events = events
        self.keys = keys
        self.done = done
        self.principal = principal
        self.records = records
        self.queued_at = queued_at  # monotonic seconds
        self.taken = False
        self.stored: Sequence[StoredEvent] = ()
        self.error: HeadraceError | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An event that a sink answered with, appended with the settlement that it answers."""

    event: Event
    key: bytes  # 8 bytes, as in Append.keys
    cause: Cause


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where one trigger stands: all pairs up to `offset` are settled or have a row.

    `settled` are ranges (first, last), both inclusive, ascending, disjoint, all beyond
    `offset`, that are settled too: they are not delivered again after a crash.
    A trigger with nothing open has no cursor of its own and stands at `routed`.
    """

    trigger: str
    offset: int
    settled: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Names one delivery within a partition: an exception row is found by it."""

    trigger: str
    offset: int
    step: str = "deliver"


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A delivery that waits for its next attempt, whole: it needs nothing else to go on.

    `attempt` is the number that the next try will have; `age_seconds` what is used of
    maxAge at `due_at`; `wait_seconds` the wait chosen (a load clamps the remainder to it);
    `order_key` the value it is ordered by, None where unordered; `attempts` the evidence so
    far; `redrives` how often it came back from the desk.
    """

    place: Place
    delivery_id: str
    attempt: int
    due_at: datetime
    wait_seconds: float
    age_seconds: float
    first_at: datetime
    stored_at: datetime
    event: Event
    attempts: tuple[Attempt, ...] = ()
    order_key: str | None = None
    redrives: int = 0


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """An event that waits behind a parked delivery of its ordering key: its offset only."""

    trigger: str
    offset: int
    order_key: str


class DeadState(StrEnum):
    DEAD = "dead"
    REDRIVING = "redriving"
    DELIVERED = "delivered"
    REDRIVEN_EDITED = "redriven-edited"
    DISCARDED = "discarded"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery given up, with all that is known of it.

    Written again with the same `id` when a redriven one fails again. `group` is the
    fingerprint of the failure, `pattern` the normalised message it was made from.
    """

    id: str
    place: Place
    delivery_id: str
    broker: str
    sink: str
    revision: int
    event: Event
    stored_at: datetime
    reason: str
    outcome_class: str
    status: int | None
    message: str
    first_at: datetime
    dead_at: datetime
    attempt_count: int
    attempts: tuple[Attempt, ...]
    group: str
    pattern: str
    state: DeadState = DeadState.DEAD
    forwarded: str | None = None
    redrives: int = 0
    purge_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A dead letter changes its state, if it is in one of `from_states` (else nothing happens).

    `to_state` None leaves the state (only `forwarded` changes).
    `parked` comes with a redrive: the row is added only if the move was made.
    """

    id: str
    from_states: tuple[DeadState, ...]
    to_state: DeadState | None
    at: datetime
    by: str
    reason: str = ""
    parked: ParkedRow | None = None
    forwarded: str | None = None
    purge_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One applied trigger spec: its filter counts for offsets from `from_offset` on."""

    trigger: str
    number: int  # 1 is the first
    from_offset: int
    spec: bytes  # JSON, whole, secrets by reference only
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class TriggerState:
    """What is kept of a trigger beside its spec: a pause, and who asked for it."""

    trigger: str
    paused: bool = False
    reason: str = ""
    by: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Per trigger and since its first revision; in a checkpoint: what to add.

    matched = delivered + dead + discarded + rows parked + rows waiting, at every commit
    (conservation): a pair counts as matched when the cursor or a settled range covers it.
    `dead` counts dead letters written first, `redelivered` those delivered by a redrive.
    """

    trigger: str
    matched: int = 0
    delivered: int = 0
    dead: int = 0
    discarded: int = 0
    redelivered: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """At `at`, trigger's cursor stood at `offset` with these counts: for `why` and `verify`."""

    trigger: str
    at: datetime
    offset: int
    matched: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Retried:
    """The evidence of retries that ended well; kept as long as the log keeps the event."""

    place: Place
    delivered_at: datetime
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """One act of an operator."""

    at: datetime
    by: str
    verb: str
    detail: str
    count: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One atomic write: everything that belongs together, or none of it.

    Applied in this order: records (compare), moves, removals (`unparked`, `unwaiting`),
    rows, dead letters, replies, cursors, counts. `following` are triggers that from now on
    stand at `routed` and lose their cursor row. `parked` rows replace rows of the same place.
    """

    routed: int | None = None
    cursors: tuple[Cursor, ...] = ()
    following: tuple[str, ...] = ()
    parked: tuple[ParkedRow, ...] = ()
    unparked: tuple[Place, ...] = ()
    waiting: tuple[WaitingRow, ...] = ()
    unwaiting: tuple[tuple[str, int], ...] = ()  # (trigger, offset)
    dead_letters: tuple[DeadLetter, ...] = ()
    moves: tuple[Move, ...] = ()
    replies: tuple[Reply, ...] = ()
    records: tuple[Record, ...] = ()
    revisions: tuple[Revision, ...] = ()
    states: tuple[TriggerState, ...] = ()
    counts: tuple[Counts, ...] = ()
    marks: tuple[Mark, ...] = ()
    retried: tuple[Retried, ...] = ()
    audit: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True)
class ParkedSummary:
    """How many rows of one trigger are parked, and when the first is due."""

    count: int
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a process must know after opening a partition; bounded, whatever the backlog.

    `log_id` is 8 hex digits drawn when the partition was made. `last_offset` is 0 for an
    empty log. `stored_at` is the last event's; `first_offset` the oldest one kept.
    `unclean_ends` are the times at which earlier owners were found to have died.
    """

    log_id: str
    owner_epoch: int
    first_offset: int
    last_offset: int
    stored_at: datetime | None
    routed: int
    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    revisions: tuple[Revision, ...] = ()  # ascending by trigger, number
    states: Mapping[str, TriggerState] = field(default_factory=dict)
    counts: Mapping[str, Counts] = field(default_factory=dict)
    parked: Mapping[str, ParkedSummary] = field(default_factory=dict)
    waiting: tuple[WaitingRow, ...] = ()  # ascending by trigger, offset
    parked_keys: tuple[tuple[str, str], ...] = ()  # (trigger, order_key) of ordered parked rows
    unclean_ends: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes and counts for limits, metrics and `headrace brokers`; never by scanning rows."""

    events: int
    log_bytes: int
    dead_letters: int
    dead_letter_bytes: int
    file_bytes: int
    wal_bytes: int
    oldest_stored_at: datetime | None
    refusing: str | None = None  # why nothing is appended now; None while it is
