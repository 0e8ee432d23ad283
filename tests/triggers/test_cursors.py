"""The cursor of a lane with a long backlog: the same whether or not its offsets are a run."""

from random import Random

import pytest

from broker.storage.rows import Cursor
from tests.triggers.test_room import model_lane
from tests.triggers.workshop import push, stored, stored_range
from triggers.fair_queue import FairQueue
from triggers.lane import Lane
from triggers.ranges import between


def backlog(seed: int, missing: int) -> tuple[Lane, FairQueue]:
    """A lane where forty were taken, half of those are settled, and `missing` did not match."""
    random = Random(seed)
    gaps = set(random.sample(range(50, 300), missing))
    lane = model_lane()
    offsets = [offset for offset in range(1, 301) if offset not in gaps]
    push(lane, *(stored(offset, source="/s") for offset in offsets))
    assert isinstance(lane.queue, FairQueue)
    taken = [lane.queue.popleft().offset for _ in range(40)]
    lane.open = dict.fromkeys(random.sample(taken, 20))
    lane.position = 300
    return lane, lane.queue


@pytest.mark.parametrize("missing", [0, 1, 30])
def test_a_cursor_says_what_is_settled_between_all_that_is_not(missing: int) -> None:
    seed = Random().randrange(1 << 32)
    print(f"seed {seed}")
    lane, queue = backlog(seed, missing)

    cursor = lane.cursor()

    first, settled = between(sorted([*lane.open, *queue.offsets]), 300)
    assert cursor == Cursor(lane.name, first - 1, settled)
    assert (queue.run is None) == bool(missing)


def test_what_came_out_of_its_order_is_no_run() -> None:
    queue = FairQueue([stored(offset) for offset in (3, 4, 9, 6)])

    assert queue.run is None


def test_a_run_is_what_is_left_and_nothing_where_nothing_is() -> None:
    lane = model_lane()
    push(lane, *stored_range(1, 9))
    assert isinstance(lane.queue, FairQueue)
    lane.queue.popleft()

    left = lane.queue.run
    lane.queue.clear()

    assert (left, lane.queue.run) == ((2, 9), None)
