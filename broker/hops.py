"""The loop guard: how many replies led to an event, kept in its extension `headracehops`."""

from broker.errors import InvalidEvent
from broker.event import Event

HOPS = "headracehops"


def hops_of(event: Event) -> int:
    """How many replies led to `event`; 0 where it does not say."""
    value = event.attributes.get(HOPS)
    return int(value) if value is not None and _is_count(value) else 0


def check_hops(event: Event, hops_max: int) -> None:
    """Raise InvalidEvent(code="bad-hops") where a publisher claims what no reply could have."""
    value = event.attributes.get(HOPS)
    if value is None or (_is_count(value) and int(value) <= hops_max):
        return
    raise InvalidEvent(
        f"it is not an integer from 0 to {hops_max}",
        code="bad-hops",
        where=HOPS,
        remedy="leave it out: headrace counts the replies itself",
    )


def _is_count(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 10
