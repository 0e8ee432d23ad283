"""How old the oldest event is that a trigger has yet to settle, wherever that event is."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime

from deploy.running import RunningBroker
from triggers.lane import Lane
from triggers.router import Router

OFFSETS_MAX = 256


async def oldest_ages(broker: RunningBroker, now: datetime) -> Mapping[str, float]:
    """Seconds since the event at each trigger's cursor was stored, 0.0 where nothing is open.

    Most are in memory. Of the others at most `OFFSETS_MAX` are asked of the store; beyond, a
    trigger has the age of the next older one that was asked.
    """
    ages: dict[str, float] = {}
    asked: dict[str, int] = {}
    router = broker.partition.router
    for lane in broker.partition.lanes.values():
        if lane.is_companion:
            continue
        offset = 0 if lane.is_following_idle else lane.cursor().offset + 1
        if not 0 < offset <= router.routed:
            ages[lane.name] = 0.0
        elif (stored_at := _remembered(lane, router, offset)) is not None:
            ages[lane.name] = _age(stored_at, now)
        else:
            asked[lane.name] = offset
    if asked:
        offsets = spread(sorted(set(asked.values())), OFFSETS_MAX)
        times = await broker.engine.log.stored_times(offsets)
        for name, offset in asked.items():
            stored_at = times.get(offsets[bisect_right(offsets, offset) - 1])
            ages[name] = 0.0 if stored_at is None else _age(stored_at, now)
    return ages


def spread(offsets: Sequence[int], limit: int) -> Sequence[int]:
    """At most `limit` of `offsets`, ascending as they are: the first, and others evenly."""
    step = -(-len(offsets) // limit)
    return offsets[::step] if step > 1 else offsets


def _remembered(lane: Lane, router: Router, offset: int) -> datetime | None:
    if lane.queue and lane.queue[0].offset == offset:
        return lane.queue[0].stored_at
    recent = router.recent.after(offset - 1, 1)
    return recent[0].stored_at if recent else None


def _age(stored_at: datetime, now: datetime) -> float:
    return max(0.0, (now - stored_at).total_seconds())
