"""How much of the log a lane may have in memory: a model's looks ahead, for other sources."""

from typing import TYPE_CHECKING

from triggers.fair_queue import WINDOW_BYTES_MAX, WINDOW_EVENTS_MAX, FairQueue

if TYPE_CHECKING:
    from triggers.queueing import Queueing

ROOM_EVENTS = 512  # of a usual queue: half


def wants_page(lane: "Queueing") -> bool:
    """Whether so much was carried by now that reading a page is worth while."""
    events = len(lane.queue)
    if events <= ROOM_EVENTS:
        return True
    events += lane.turns.events if lane.turns is not None else 0
    return looks_ahead(lane, events + ROOM_EVENTS, WINDOW_BYTES_MAX // 2)


def looks_ahead(lane: "Queueing", events: int, bytes_max: int) -> bool:
    """Whether it may have so many in memory: others' queues are to keep their room."""
    is_ahead = isinstance(lane.queue, FairQueue) and events < WINDOW_EVENTS_MAX
    return is_ahead and lane.budget.used_bytes < bytes_max
