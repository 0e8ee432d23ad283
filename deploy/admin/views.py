"""What listings show: plain JSON-able values from what is running. Reads only."""

import base64
from datetime import datetime
from typing import Any

from broker.delivery import Attempt
from broker.event import Event, StoredEvent
from broker.storage.rows import DeadLetter


def when(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_view(broker: str, stored: StoredEvent) -> dict[str, Any]:
    """One line of a listing: the attributes that people look for, no data."""
    event, attributes = stored.event, stored.event.attributes
    return {
        "offset": stored.offset,
        "stored_at": when(stored.stored_at),
        "broker": broker,
        "id": event.id,
        "type": event.type,
        "source": event.source,
        "subject": attributes.get("subject"),
        "time": attributes.get("time"),
        "datacontenttype": attributes.get("datacontenttype"),
        "size_bytes": event.size_bytes,
    }


def event_detail(broker: str, stored: StoredEvent) -> dict[str, Any]:
    cause = stored.cause
    return {
        **event_view(broker, stored),
        "attributes": dict(stored.event.attributes),
        **data_of(stored.event),
        "principal": stored.principal,
        "cause": None if cause is None else {"offset": cause.offset, "trigger": cause.trigger},
    }


def data_of(event: Event) -> dict[str, str]:
    """`data` as text where it is UTF-8, else `data_base64`; nothing where there is none."""
    return {} if event.data is None else text_or_base64("data", event.data)


def text_or_base64(name: str, data: bytes) -> dict[str, str]:
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode()}


def dead_letter_view(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "trigger": letter.place.trigger,
        "broker": letter.broker,
        "sink": letter.sink,
        "reason": letter.reason,
        "class": letter.outcome_class,
        "status": letter.status,
        "message": letter.message,
        "attempts": letter.attempt_count,
        "state": letter.state.value,
        "group": letter.group,
        "offset": letter.place.offset,
        "stored_at": when(letter.stored_at),
        "first_at": when(letter.first_at),
        "dead_at": when(letter.dead_at),
        "event": dict(letter.event.attributes),
    }


def dead_letter_detail(letter: DeadLetter) -> dict[str, Any]:
    return {
        **dead_letter_view(letter),
        "delivery": letter.delivery_id,
        "revision": letter.revision,
        "forwarded": letter.forwarded,
        "redrives": letter.redrives,
        "event": {**letter.event.attributes, **data_of(letter.event)},
        "attempts_detail": [attempt_view(attempt) for attempt in letter.attempts],
        "purge_at": when(letter.purge_at),
        # What was said may be a sink's words: it is hidden like those.
        "moved": {"by": letter.moved_by, "message": letter.moved_reason},
    }


def attempt_view(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started_at": when(attempt.started_at),
        "duration_seconds": attempt.duration_seconds,
        "class": attempt.outcome_class,
        "status": attempt.status,
        "message": attempt.message,
        "phase": attempt.phase,
        "headers": [list(header) for header in attempt.headers],
        **text_or_base64("body", attempt.body),
        "wait_seconds": attempt.wait_seconds,
        "why": attempt.why,
        "sink": attempt.sink,
    }
