"""A replay's lane after a restart: its place, and the rows that it had."""

from collections.abc import Callable

from broker.storage.rows import Loaded
from triggers.lane import Lane
from triggers.replay.lane import ReplayLane


def restore(lane: ReplayLane, loaded: Loaded, recall: Callable[[Lane, int, str], None]) -> None:
    """Let `lane` stand where its last checkpoint left it; `recall` fetches whose turn it is."""
    cursor = loaded.cursors.get(lane.name)
    if cursor is not None:
        lane.position, lane.skip, lane.has_row = cursor.offset, cursor.settled, True
    parked = loaded.parked.get(lane.name)
    if parked is not None:
        lane.parked_count, lane.next_due_at = parked.count, parked.next_due_at
    turns = lane.turns
    if turns is None:
        return
    for trigger, key in loaded.parked_keys:
        if trigger == lane.name:
            turns.load_parked(key)
    for row in loaded.waiting:
        if row.trigger == lane.name:
            turns.load(row.order_key, row.offset)
    for key in turns.orphans():
        offset = turns.release(key)
        assert isinstance(offset, int)
        recall(lane, offset, key)
