"""A slot to its event, and events to batches of one commit. Pure.

Attributes as Knative's PingSource has them (type, source), but id and time follow from the slot,
so that the same slot is the same event however often it is made.
"""

from collections.abc import Iterator
from datetime import datetime

from broker.codec import make_event
from broker.event import Event
from sources.ping.mark import to_text
from sources.source import BATCH_BYTES_MAX, BATCH_EVENTS_MAX

TYPE = "dev.knative.sources.ping"


def slot_event(
    name: str, slot: datetime, data: bytes | None = None, content_type: str | None = None
) -> Event:
    """The event of `slot`; `name` is the source's, `namespace/name`.

    Raises InvalidEvent where `content_type` is none.
    """
    namespace, _, own_name = name.partition("/")
    attributes = {
        "specversion": "1.0",
        "id": to_text(slot),
        "source": f"/apis/v1/namespaces/{namespace}/pingsources/{own_name}",
        "type": TYPE,
        "time": to_text(slot),
    }
    if content_type is not None:
        attributes["datacontenttype"] = content_type
    return make_event(attributes, data)


def batches(slots: tuple[datetime, ...], data: bytes | None) -> Iterator[tuple[datetime, ...]]:
    """`slots` in order, as many at once as one commit may take events with `data`."""
    event_bytes = len(data or b"") + 1024
    count = max(1, min(BATCH_EVENTS_MAX, BATCH_BYTES_MAX // event_bytes))
    return (slots[begin : begin + count] for begin in range(0, len(slots), count))
