"""What a publisher may not send, beyond being a valid CloudEvent."""

from collections.abc import Sequence

from broker.errors import HeadraceError, InvalidBatch, InvalidEvent
from broker.event import Event
from broker.hops import HOPS, check_hops

SYSTEM_TYPES = "dev.headrace.system."  # events about headrace itself


def fault_of(
    events: Sequence[Event], hops_max: int, is_system: bool = False
) -> HeadraceError | None:
    """What the publisher must mend in `events`, by index where there are several.

    `is_system`: headrace publishes itself, and has looked at the types.
    """
    for event in events:
        if HOPS in event.attributes or event.type.startswith(SYSTEM_TYPES):
            return _fault_of(events, hops_max, is_system)
    return None  # the common case costs one look at each


def check_type(event: Event) -> None:
    """Raise InvalidEvent(code="reserved-type") for a type that only headrace itself may send."""
    if event.type.startswith(SYSTEM_TYPES):
        raise InvalidEvent(
            f"types that begin with {SYSTEM_TYPES} are headrace's own",
            code="reserved-type",
            where="type",
            remedy="send it under another type",
        )


def _fault_of(events: Sequence[Event], hops_max: int, is_system: bool) -> HeadraceError | None:
    faults: list[tuple[int, HeadraceError]] = []
    for index, event in enumerate(events):
        try:
            if not is_system:
                check_type(event)
            check_hops(event, hops_max)
        except InvalidEvent as error:
            faults.append((index, error))
    if faults and len(events) == 1:
        return faults[0][1]
    return InvalidBatch(f"{len(faults)} of {len(events)} events", faults) if faults else None
