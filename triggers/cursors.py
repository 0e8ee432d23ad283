"""The cursor of a lane: where a restart goes on, and what it does not deliver again."""

from bisect import bisect_left
from typing import TYPE_CHECKING

from broker.storage.rows import Cursor
from triggers.fair_queue import FairQueue
from triggers.ranges import Range, between, beyond

if TYPE_CHECKING:
    from triggers.lane import Lane


def cursor_of(lane: "Lane") -> Cursor:
    """Before all that `lane` has open, with what was settled beyond."""
    queue, is_usual = lane.queue, lane.turns is None
    if isinstance(queue, FairQueue):
        if (run := queue.run) is not None:
            return _cursor_around(lane, sorted(lane.open), run)
        return _cursor(lane, sorted([*lane.open, *queue.offsets]), lane.position)
    end = queue[0].offset - 1 if queue and is_usual else lane.position
    return _cursor(lane, lane.open if is_usual else sorted(lane.open), end)


def _cursor(lane: "Lane", unsettled: dict[int, None] | list[int], end: int) -> Cursor:
    """`unsettled` ascending."""
    if not unsettled:
        return Cursor(lane.name, end, skip_beyond(lane, end))
    first, settled = between(unsettled, end)
    if isinstance(lane.queue, FairQueue):
        lane.queue.note_gaps(len(settled))
    return Cursor(lane.name, first - 1, (*settled, *skip_beyond(lane, end)))


def _cursor_around(lane: "Lane", open: list[int], run: Range) -> Cursor:
    """Of all that is `open`, ascending, and of a `run` that waits: it may be a long backlog."""
    at = bisect_left(open, run[0])
    first, before = between([*open[:at], run[0]], run[0])
    _, behind = between([run[1], *open[at:]], lane.position)
    assert isinstance(lane.queue, FairQueue), "others have no run"
    lane.queue.note_gaps(len(before) + len(behind))
    return Cursor(lane.name, first - 1, (*before, *behind, *skip_beyond(lane, lane.position)))


def skip_beyond(lane: "Lane", end: int) -> tuple[Range, ...]:
    """What was found settled stays said until the cursor itself covers it."""
    if lane.skip and lane.skip[-1][1] <= end:
        lane.skip = ()
    return beyond(lane.skip, end)
