"""A replay's lane after a restart: its place, and the rows that it had."""

from collections.abc import Callable

from broker.storage.rows import Loaded
from triggers.lane import Lane
from triggers.replay.lane import ReplayLane
from triggers.turns import Turns


def restore(lane: ReplayLane, loaded: Loaded, recall: Callable[[Lane, int, str], None]) -> None:
    """Let `lane` stand where its last checkpoint left it; `recall` fetches whose turn it is."""
    cursor = loaded.cursors.get(lane.name)
    if cursor is not None:
        lane.position, lane.skip, lane.has_row = cursor.offset, cursor.settled, True
    parked = loaded.parked.get(lane.name)
    if parked is not None:
        lane.parked_count, lane.next_due_at = parked.count, parked.next_due_at
    keys = [key for trigger, key in loaded.parked_keys if trigger == lane.name]
    waiting = [row for row in loaded.waiting if row.trigger == lane.name]
    if (keys or waiting) and lane.turns is None:
        # Its trigger is not ordered any more, but these still wait, or are waited for.
        lane.turns = Turns(lane.budget.use)
    turns = lane.turns
    if turns is None:
        return
    for key in keys:
        turns.load_parked(key)
    for row in waiting:
        turns.load(row.order_key, row.offset)
    for key in turns.orphans():
        offset = turns.release(key)
        assert isinstance(offset, int)
        recall(lane, offset, key)
