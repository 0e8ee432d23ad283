"""What an act on dead letters came to, and how a dead letter becomes a parked row. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from broker.storage.rows import DeadLetter, DeadState, Move, ParkedRow, Place
from triggers.carriage import REDRIVE

DISCARD_KEPT = timedelta(days=7)  # a discarded dead letter can be restored so long

WHY: Final[Mapping[str, str]] = {
    "unknown": "there is no such dead letter",
    "dead": "it is not discarded",
    "redriving": "it is on its way to its trigger already",
    "delivered": "it was delivered since",
    "redriven-edited": "an edited copy of it was delivered",
    "discarded": "it is discarded: restore it first",
    "expired": "it was past its retention and is gone",
    "trigger-gone": "its trigger is not configured any more: put it back in the YAML, then reload",
    "not-accepted": "the broker refuses its event: try to publish it, and see why",
    "busy": "its trigger delivers in order and has enough to deliver first: try again then",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A dead letter that was left as it is; `why` is a key of WHY."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Acted:
    """Ids of those that are on disk as asked, and of those that were left as they are."""

    moved: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


def redriven_row(letter: DeadLetter, lane: str, order_key: str | None, now: datetime) -> ParkedRow:
    """The parked row that takes `letter` back: due now, its budget new, its count going on.

    It is the row of `lane`, the trigger's own or a detour. Its step is its own, so that no
    delivery of the same event that is parked meanwhile (by a seek, by a replay) shares its place.
    """
    place = letter.place
    return ParkedRow(
        place=Place(lane, place.offset, REDRIVE + place.step),
        delivery_id=letter.delivery_id,
        attempt=letter.attempt_count + 1,
        due_at=now,
        wait_seconds=0.0,
        age_seconds=0.0,
        first_at=letter.first_at,
        stored_at=letter.stored_at,
        event=letter.event,
        attempts=letter.attempts,
        order_key=order_key,
        redrives=letter.redrives + 1,
        attempts_before=letter.attempt_count,
    )


def discarding(letter: DeadLetter, now: datetime, by: str, reason: str) -> Move:
    """To the bin, from which it can be restored for a time."""
    purge_at = now + DISCARD_KEPT
    states = (DeadState.DEAD,)
    return Move(letter.id, states, DeadState.DISCARDED, now, by, reason, purge_at=purge_at)


def restoring(letter: DeadLetter, now: datetime, by: str, reason: str) -> Move:
    return Move(letter.id, (DeadState.DISCARDED,), DeadState.DEAD, now, by, reason)
