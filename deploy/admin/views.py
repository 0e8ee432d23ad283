"""What listings show: plain JSON-able values from what is running. Reads only."""

import base64
from datetime import datetime
from typing import Any

from broker.delivery import Attempt
from broker.event import Event, StoredEvent
from broker.storage.desk import Group
from broker.storage.rows import DeadLetter, Sizes
from deploy.running import RunningBroker
from sinks.target import Target
from triggers.lane import Lane


def when(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def broker_view(broker: RunningBroker, sizes: Sizes, dead: int) -> dict[str, Any]:
    counts = broker.intake.counts
    backlogs = [lane_backlog(broker, lane) for lane in broker.partition.lanes.values()]
    return {
        "name": broker.spec.name,
        "state": "failed" if broker.failure else "ready",
        "failure": broker.failure,
        "events": sizes.events,
        "log_bytes": sizes.log_bytes,
        "file_bytes": sizes.file_bytes,
        "backlog": max(backlogs, default=0),
        "oldest_stored_at": when(sizes.oldest_stored_at),
        "accepted": counts.accepted,
        "duplicates": counts.duplicates,
        "refused": sum(counts.refused.values()),
        "dead_letters": dead,
    }


def lane_backlog(broker: RunningBroker, lane: Lane) -> int:
    """Stored events beyond the trigger's cursor, matching or not; parked ones are apart."""
    if lane.is_companion or lane.is_following_idle:
        return 0
    if lane.is_following:
        return len(lane.queue) + len(lane.open)
    return broker.partition.router.routed - lane.cursor().offset


def lane_state(lane: Lane) -> str:
    if lane.is_paused:
        return "paused"
    return "following" if lane.is_following else "behind"


def trigger_view(broker: RunningBroker, lane: Lane, dead: int) -> dict[str, Any]:
    errors = lane.counts.last_errors
    latest = max(errors.items(), key=lambda item: item[1][2], default=None)
    totals = lane.totals
    return {
        "name": lane.name,
        "broker": broker.spec.name,
        "state": lane_state(lane),
        "backlog": lane_backlog(broker, lane),
        "oldest_stored_at": when(lane.queue[0].stored_at) if lane.queue else None,
        "in_flight": lane.in_flight_deliveries,
        "parked": lane.parked_count,
        "waiting": lane.turns.rows if lane.turns else 0,
        "dead": dead,
        "delivered": totals.delivered,
        "matched": totals.matched,
        "sink": lane.sink.name,
        "sink_state": lane.target.state.value,
        "last_error": None if latest is None else f"{latest[0]}: {latest[1][1]}",
    }


def trigger_detail(broker: RunningBroker, lane: Lane, dead: int) -> dict[str, Any]:
    number, from_offset, _ = lane.revisions[-1]
    return {
        **trigger_view(broker, lane, dead),
        "revision": number,
        "from_offset": from_offset,
        "cursor": lane.cursor().offset,
        "spec": lane.spec.document,
        "last_errors": {
            name: {"count": count, "message": message, "at": when(at)}
            for name, (count, message, at) in lane.counts.last_errors.items()
        },
    }


def sink_view(name: str, target: Target, lanes: list[Lane]) -> dict[str, Any]:
    return {
        "name": name,
        "state": target.state.value,
        "in_flight": sum(lane.in_flight_deliveries for lane in lanes),
        "failures": sum(count for lane in lanes for count in lane.counts.by_class.values()),
        "triggers": sorted(lane.name for lane in lanes),
    }


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
    }


def group_view(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "trigger": group.trigger,
        "sink": group.sink,
        "class": group.outcome_class,
        "status": group.status,
        "reason": group.reason,
        "pattern": group.pattern,
        "count": group.count,
        "total": group.total,
        "first_at": when(group.first_at),
        "last_at": when(group.last_at),
        "example": group.example,
        "state": group.state,
    }
