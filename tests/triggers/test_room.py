"""Room: a lane that calls a model looks far ahead, as long as others keep their memory."""

from dataclasses import replace

from sinks.inference_spec import BatchSpec, InferenceSinkSpec
from tests.triggers.workshop import make_lane, push, stored, stored_range
from triggers.budget import MEMORY_BYTES_MAX, Budget
from triggers.fair_queue import WINDOW_BYTES_MAX, WINDOW_EVENTS_MAX, FairQueue
from triggers.lane import Lane
from triggers.queueing import QUEUE_EVENTS_MAX
from triggers.room import ROOM_EVENTS


def model_lane(budget: Budget | None = None) -> Lane:
    lane = make_lane(budget=budget)
    sink = InferenceSinkSpec("default/m", "onnx", "file:m.onnx", batch=BatchSpec(max_records=4))
    lane.spec = replace(lane.spec, sink=sink)
    lane.arrange()
    return lane


def test_a_model_s_lane_has_room_for_its_whole_window() -> None:
    lane = model_lane()

    push(lane, *stored_range(1, WINDOW_EVENTS_MAX - 1))
    before = lane.has_room
    push(lane, *stored_range(WINDOW_EVENTS_MAX, WINDOW_EVENTS_MAX))

    assert (before, lane.has_room) == (True, False)


def test_any_other_lane_keeps_to_its_small_queue() -> None:
    lane = make_lane()

    push(lane, *stored_range(1, QUEUE_EVENTS_MAX))

    assert not lane.has_room
    assert not isinstance(lane.queue, FairQueue)


def test_beyond_a_usual_queue_it_looks_ahead_only_while_there_is_memory() -> None:
    budget = Budget()
    lane = model_lane(budget=budget)
    push(lane, *stored_range(1, QUEUE_EVENTS_MAX - 1))

    budget.used_bytes = WINDOW_BYTES_MAX
    as_usual = lane.has_room
    push(lane, *stored_range(QUEUE_EVENTS_MAX, QUEUE_EVENTS_MAX))
    ahead = lane.has_room
    budget.used_bytes = MEMORY_BYTES_MAX

    assert (as_usual, ahead, lane.has_room) == (True, False, False)


def test_pages_are_read_for_half_a_queue_or_for_as_much_of_the_window() -> None:
    usual, model = make_lane(), model_lane()

    for lane in (usual, model):
        push(lane, *stored_range(1, ROOM_EVENTS + 1))
    early = (usual.wants_page, model.wants_page)
    push(model, *stored_range(ROOM_EVENTS + 2, WINDOW_EVENTS_MAX - ROOM_EVENTS))

    assert early == (False, True)
    assert not model.wants_page


def test_a_queue_that_becomes_fair_keeps_what_it_has_and_stays_fair() -> None:
    lane = make_lane()
    push(lane, *stored_range(1, 5))
    usual = lane.spec

    lane.spec = replace(usual, sink=InferenceSinkSpec("default/m", "v1", "http://m"))
    lane.arrange()
    lane.spec = usual
    lane.arrange()

    assert isinstance(lane.queue, FairQueue)
    assert [one.offset for one in lane.queue] == [1, 2, 3, 4, 5]


def test_the_cursor_says_what_was_settled_ahead_of_it() -> None:
    lane = model_lane()
    push(lane, *stored_range(1, 100), *(stored(n, source="/quiet") for n in range(101, 105)))

    for carriage in [lane.take_fresh() for _ in range(6)]:
        lane.leave(carriage, delivered=True)

    cursor = lane.cursor()
    assert (cursor.offset, cursor.settled) == (3, ((101, 103),))


def test_the_oldest_are_dropped_first_and_a_fair_queue_knows_them() -> None:
    lane = model_lane()
    push(lane, *stored_range(1, 3), stored(4, source="/quiet"))
    lane.take_fresh()
    lane.take_fresh()

    dropped = [lane.drop_oldest(3), lane.drop_oldest(3), lane.drop_oldest(3)]

    assert [one.offset if one else None for one in dropped] == [2, 3, None]
