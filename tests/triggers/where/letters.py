"""Dead letters for queries: one with everything, and changes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from broker.codec import make_event
from broker.storage.rows import DeadLetter, DeadState, Place

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def letter(data: bytes | None = b'{"order": {"id": 7}}', **facts: Any) -> DeadLetter:
    """Dead an hour before NOW; `attributes` are added to the event's."""
    attributes = {"specversion": "1.0", "id": "e1", "type": "order.new", "source": "/shop"}
    attributes |= facts.pop("attributes", {})
    made = DeadLetter(
        id="l1",
        place=Place("default/classify", 4),
        delivery_id="d1",
        broker="default/default",
        sink="http://sink/",
        revision=1,
        event=make_event(attributes, data),
        stored_at=NOW - timedelta(hours=3),
        reason="attempts",
        outcome_class="transient",
        status=503,
        message="HTTP 503",
        first_at=NOW - timedelta(hours=2),
        dead_at=NOW - timedelta(hours=1),
        attempt_count=3,
        attempts=(),
        group="g1",
        pattern="HTTP <number>",
        state=DeadState.DEAD,
    )
    return replace(made, **facts)
