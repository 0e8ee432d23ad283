"""What is known of one event, gathered from memory and store at one moment. All frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from broker.event import StoredEvent
from broker.storage.rows import DeadLetter, Mark, ParkedRow, Retried, WaitingRow
from triggers.filters.explanation import Clause


class InLane(StrEnum):
    """Where a lane has an offset; PASSED: settled, or only a row of the store knows of it."""

    AHEAD = "ahead"
    QUEUED = "queued"
    BEHIND_KEY = "behind-key"
    IN_FLIGHT = "in-flight"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one trigger's filter made of the event, by the revision in force at its offset.

    `deciding` is None where the trigger was too many to be explained.
    """

    trigger: str
    revision: int
    matched: bool
    deciding: Clause | None


@dataclass(frozen=True, slots=True)
class Discard:
    """An operator's act by which a trigger left the event out."""

    at: datetime
    by: str
    verb: str


@dataclass(frozen=True, slots=True)
class PairFacts:
    """One trigger that matched. `is_configured` is false for one that was removed.

    `ahead_events` are stored before it and beyond the trigger's cursor.
    """

    verdict: Verdict
    within: InLane
    ahead_events: int = 0
    is_paused: bool = False
    is_configured: bool = True
    parked: ParkedRow | None = None
    forwarding: ParkedRow | None = None  # the copy on its way to the deadLetterSink
    waiting: WaitingRow | None = None
    letter: DeadLetter | None = None
    retried: Retried | None = None
    mark: Mark | None = None
    discard: Discard | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """`causes` lead up from the event, nearest first; `replies` are of every depth.

    `matched` and `unmatched` are the numbers of all triggers, of which `pairs` and
    `refusals` hold the first; `others` are rows of steps that no trigger's filter explains
    (replays). `is_cut` tells that there were more replies than are held.
    """

    stored: StoredEvent
    causes: tuple[StoredEvent, ...] = ()
    pairs: tuple[PairFacts, ...] = ()
    refusals: tuple[Verdict, ...] = ()
    matched: int = 0
    unmatched: int = 0
    others: tuple[ParkedRow, ...] = ()
    replies: Sequence[StoredEvent] = ()
    is_cut: bool = False
