"""Dead letters, and how they move."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from broker.delivery import Attempt
from broker.event import Event
from broker.storage.rows.open_pairs import ParkedRow, Place


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

    Written again with the same `id` when a redriven one fails again; while it is redriving,
    one with `redrives` 0 (another delivery of its event) leaves its state. `group` is the
    fingerprint of the failure, `pattern` the normalised message it was made from: all of one
    group have the same trigger, sink, class and status, and engines may count on that.
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
    moved_by: str = ""  # who changed its state last, and what they said
    moved_reason: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A dead letter changes its state, if it is in one of `from_states` (else nothing happens).

    `to_state` None leaves the state (only `forwarded` changes).
    `parked` comes with a redrive: the row is added only if the move was made, and the dead
    letter then counts as many redrives as the row.
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
