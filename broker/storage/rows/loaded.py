"""What a partition tells of itself: after opening, and whenever it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from broker.storage.rows.open_pairs import WaitingRow
from broker.storage.rows.standing import Counts, Cursor, Revision, TriggerState


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
    parked_keys: tuple[tuple[str, str], ...] = ()  # (trigger, order_key) of each such parked row
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
    disk_free_bytes: int = 0  # where the file lies; 0 in memory
    reserve_bytes: int = 0  # held back now for checkpoints on a full disk
