"""What becomes of something that no broker can take: an event that tells of it. Pure.

So a record that is too large, or no CloudEvent, is never silently gone and holds nothing up.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from broker.codec import make_event
from broker.errors import HeadraceError
from broker.event import Event
from sources.spec import SourceSpec

REFUSED_TYPE = "dev.headrace.system.source.refused"
_ATTRIBUTE_CHARACTERS_MAX = 1_000


class RefusedEvent(Event):
    """Of our own making; only these may have a type that is reserved for headrace."""

    __slots__ = ()


def refused_event(
    spec: SourceSpec,
    what: str,
    error: HeadraceError,
    now: datetime,
    found: dict[str, Any] | None = None,
) -> RefusedEvent:
    """The event that stands in for `what`, such as `partition:3/offset:77`.

    `what` names it at its origin, once and for ever: the id follows from it. `found` are
    JSON-able details for whoever looks: where it lies, its size, its attributes.
    """
    data = {
        "kind": spec.kind,
        "refused": what,
        "code": error.code,
        "why": error.what,
        "remedy": error.remedy,
        **(found or {}),
    }
    event = make_event(
        {
            "specversion": "1.0",
            "id": blake2b(what.encode(), digest_size=16).hexdigest(),
            "source": f"/headrace/sources/{spec.name}",
            "type": REFUSED_TYPE,
            "time": now.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
        },
        orjson.dumps(data),
    )
    return RefusedEvent(event.attributes, event.data, event.head)


def refused_instead(
    spec: SourceSpec, event: Event, error: HeadraceError, now: datetime, place: str | None = None
) -> RefusedEvent:
    """The event that stands in for `event`, which lay at `place`."""
    attributes = {
        name: value[:_ATTRIBUTE_CHARACTERS_MAX] for name, value in event.attributes.items()
    }
    what = place or f"{event.source} {event.id} {event.type} {error.code}"
    found = {"event": attributes, "bytes": event.size_bytes}
    return refused_event(spec, what, error, now, found)
