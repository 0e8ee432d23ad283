"""Of what comes back from the desk a share of the slots is begun at once, and live events go on."""

from hypothesis import given
from hypothesis import strategies as st

from tests.triggers.workshop import make_lane, push, row, stored, stored_range, take_all
from triggers.carriage import Carriage, resumed
from triggers.lane import Lane
from triggers.story.facts import InLane
from triggers.story.whereabouts import within


def lane_with(*redriven: int, max_in_flight: int = 32) -> Lane:
    lane = make_lane(max_in_flight=max_in_flight)
    for offset in redriven:
        lane.retry(resumed(row(offset, redrives=1)))
    return lane


def offsets(batch: list[Carriage]) -> list[int]:
    return [carriage.offset for carriage in batch]


def test_a_quarter_of_the_slots_is_for_them_and_the_rest_for_live_events() -> None:
    lane = lane_with(*range(1, 21))
    push(lane, *stored_range(100, 130))

    taken = offsets([lane.take()[0] for _ in range(32)])

    assert taken == [*range(1, 9), *range(100, 124)]


def test_each_that_settles_lets_the_next_go() -> None:
    lane = lane_with(1, 2, 3, max_in_flight=4)
    (first,) = take_all(lane)

    lane.leave(first, delivered=True)

    assert (first.offset, offsets(take_all(lane)), len(lane.redriven.waiting)) == (1, [2], 1)


def test_one_that_waits_for_the_share_is_queued_and_not_in_flight() -> None:
    lane = lane_with(1, 2, max_in_flight=4)
    lane.taken |= {row(1).place, row(2).place}

    take_all(lane)

    assert [within(lane, stored(offset)) for offset in (1, 2)] == [InLane.IN_FLIGHT, InLane.QUEUED]


def test_retries_of_live_events_do_not_wait_for_them() -> None:
    lane = lane_with(*range(1, 21))

    lane.retry(resumed(row(50)))

    assert offsets(take_all(lane)) == [*range(1, 9), 50]


def test_one_settled_twice_lets_one_go() -> None:
    lane = lane_with(*range(1, 9), max_in_flight=4)
    (first,) = take_all(lane)

    lane.leave(first, delivered=False)
    lane.leave(first, delivered=False)

    assert offsets(take_all(lane)) == [2]


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 64))
def test_never_more_than_the_share_and_none_is_forgotten(ends: list[int], slots: int) -> None:
    lane = lane_with(*range(1, 41), max_in_flight=slots)
    under_way, seen = take_all(lane), set[int]()

    for end in [*ends, *[0] * 40]:
        assert len(under_way) <= max(1, slots // 4)
        if under_way:
            over = under_way.pop(end % len(under_way))
            seen.add(over.offset)
            lane.leave(over, delivered=True)
        under_way += take_all(lane)

    assert seen == set(range(1, 41))
