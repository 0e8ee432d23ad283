"""Making dead letters: what is kept of a delivery that was given up. Pure."""

import base64
from dataclasses import dataclass
from datetime import datetime

from broker.codec import with_attributes
from broker.delivery import Attempt, Failed, Reason
from broker.event import Event
from broker.storage.rows import DeadLetter, Place
from triggers.carriage import Carriage
from triggers.fingerprint import dead_letter_id, fingerprint, normalise

ERROR_DATA_BYTES_MAX = 1024


@dataclass(frozen=True, slots=True)
class Deathbed:
    """What a lane adds to a dead letter: where it happened, under which revision."""

    broker: str
    sink: str
    revision: int


def build_dead_letter(
    carriage: Carriage,
    failed: Failed,
    reason: Reason,
    at: Deathbed,
    *,
    dead_at: datetime,
    first_at: datetime,
    attempts: tuple[Attempt, ...],
) -> DeadLetter:
    """The dead letter of a delivery whose last outcome was `failed`."""
    pattern = normalise(failed.message)
    outcome_class = failed.outcome_class.value
    return DeadLetter(
        id=dead_letter_id(carriage.id),
        place=Place(carriage.trigger, carriage.offset, carriage.step),
        delivery_id=carriage.id,
        broker=at.broker,
        sink=at.sink,
        revision=at.revision,
        event=carriage.kept_event,
        stored_at=carriage.stored_at,
        reason=reason.value,
        outcome_class=outcome_class,
        status=failed.status,
        message=failed.message,
        first_at=first_at,
        dead_at=dead_at,
        attempt_count=carriage.attempt,
        attempts=attempts,
        group=fingerprint(carriage.trigger, at.sink, outcome_class, failed.status, pattern),
        pattern=pattern,
        redrives=carriage.row.redrives if carriage.row else 0,
    )


def forwarded_event(letter: DeadLetter, failed: Failed) -> Event:
    """The event as a deadLetterSink gets it: Knative's error attributes and ours added.

    Source: Knative Eventing delivery specification, dead letter sink extensions.
    """
    changes: dict[str, str | None] = {
        "knativeerrordest": letter.sink,
        "knativeerrorcode": None if failed.status is None else str(failed.status),
        "knativeerrordata": None,
        "headracereason": letter.reason,
        "headraceattempts": str(letter.attempt_count),
        "headracetrigger": letter.place.trigger,
    }
    if body := failed.evidence.body[:ERROR_DATA_BYTES_MAX]:
        changes["knativeerrordata"] = base64.b64encode(body).decode()
    return with_attributes(letter.event, changes)
