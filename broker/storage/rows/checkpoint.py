"""The one atomic write, and what only it brings."""

from dataclasses import dataclass
from datetime import datetime

from broker.event import Cause, Event
from broker.storage.rows.append import Record
from broker.storage.rows.letters import DeadLetter, Move
from broker.storage.rows.open_pairs import ParkedRow, Place, Retried, WaitingRow
from broker.storage.rows.standing import Counts, Cursor, Mark, Revision, TriggerState


@dataclass(frozen=True, slots=True)
class Reply:
    """An event that a sink answered with, appended with the settlement that it answers.

    `is_record`: one of the thousands that tell of the records of a file.
    """

    event: Event
    key: bytes  # 8 bytes, as in Append.keys
    cause: Cause
    is_record: bool = False


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
