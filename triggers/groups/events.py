"""Events about the desk, as they come to stand in the broker's own log. Pure.

Their ids follow from what they tell, so that one that is stored twice is known as a repeat.
Source: none; the types below `dev.headrace.system.` are headrace's own.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from broker.admission import SYSTEM_TYPES
from broker.clock import to_milliseconds
from broker.codec import make_event
from broker.event import Event
from broker.storage.desk import Group
from triggers.groups.state import GroupRecord, Turn

LETTERS = "deadletter"


def system_event(
    broker: str, what: str, subject: str, once: str, data: Mapping[str, Any], now: datetime
) -> Event:
    """The event of the type that ends in `what`; `once` is what no other of its type tells."""
    digest = blake2b(f"{what}\0{subject}\0{once}".encode(), digest_size=16)
    return make_event(
        {
            "specversion": "1.0",
            "id": digest.hexdigest(),
            "source": f"/headrace/brokers/{broker}",
            "type": SYSTEM_TYPES + what,
            "subject": subject,
            "time": rfc_3339(now),
            "datacontenttype": "application/json",
        },
        orjson.dumps(dict(data)),
    )


def group_event(broker: str, group: Group, record: GroupRecord, turn: Turn, now: datetime) -> Event:
    """What has come about with `group`, whose record is `record`."""
    since = group.first_at if turn is Turn.OPENED else record.at
    data = {
        "group": group.id,
        "trigger": group.trigger,
        "sink": group.sink,
        "reason": group.reason,
        "class": group.outcome_class,
        "status": group.status,
        "pattern": group.pattern,
        "count": group.count,
        "total": group.total,
        "first_at": rfc_3339(group.first_at),
        "last_at": rfc_3339(group.last_at),
        "example": group.example,
        "owner": record.owner,
        "by": record.by,
    }
    once = f"{turn}/{to_milliseconds(since)}"
    return system_event(broker, f"{LETTERS}.{turn}", group.id, once, data, now)


def expiring_event(broker: str, count: int, is_all: bool, hour: int, now: datetime) -> Event:
    """How many dead letters are forgotten within a day; once in `hour`, counted since 1970."""
    data = {"count": count, "is_complete": is_all, "within_hours": 24}
    return system_event(broker, f"{LETTERS}.expiring", broker, str(hour), data, now)


def omitted_event(broker: str, count: int, since: datetime, now: datetime) -> Event:
    """So many events about headrace were not made, because there were too many."""
    data = {"count": count, "since": rfc_3339(since)}
    return system_event(broker, "omitted", broker, str(to_milliseconds(since)), data, now)


def is_about_headrace(event: Event) -> bool:
    return event.type.startswith(SYSTEM_TYPES)


def rfc_3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
