"""Where a lane has one offset in memory. Looks only."""

from broker.event import StoredEvent
from triggers.lane import Lane
from triggers.story.facts import InLane


def within(lane: Lane, stored: StoredEvent) -> InLane:
    """PASSED also for an offset of which only rows of the store can tell more."""
    offset = stored.offset
    queued = (lane.held, lane.retries, lane.redriven.waiting, lane.released, lane.queue)
    if any(one.offset == offset for line in queued for one in line):
        return InLane.QUEUED
    if _is_behind_key(lane, stored):
        return InLane.BEHIND_KEY
    if offset in lane.open or any(place.offset == offset for place in lane.taken):
        return InLane.IN_FLIGHT
    if not lane.is_following and offset > lane.position and not lane.is_skipped(offset):
        return InLane.AHEAD
    return InLane.PASSED


def _is_behind_key(lane: Lane, stored: StoredEvent) -> bool:
    key = stored.event.attributes.get(lane.spec.order_by or "")
    return lane.turns is not None and key is not None and lane.turns.waits(key, stored.offset)
