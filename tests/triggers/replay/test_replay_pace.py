"""How fast a replay may go, and what it may take of its trigger's slots."""

from tests.triggers.workshop import make_lane
from triggers.lane import Lane
from triggers.replay.pace import Pace, Share


def test_a_pace_lets_one_go_at_a_time_and_never_a_burst() -> None:
    pace = Pace(10.0)

    waits = [round(pace.take(now), 3) for now in (100.0, 100.0, 100.05, 100.1)]

    assert waits == [0.0, 0.1, 0.05, 0.0]


def test_a_pace_makes_up_for_little_lateness_and_forgets_much() -> None:
    pace = Pace(100.0)
    pace.take(100.0)

    late = [pace.take(200.0) == 0.0 for _ in range(50)]

    assert late.count(True) == 11


def test_a_call_of_several_deliveries_counts_each() -> None:
    pace = Pace(10.0)
    pace.take(100.0)

    pace.overdraw(4)

    assert round(pace.take(100.0), 3) == 0.5


def share_of(lane: Lane) -> tuple[Share, list[Lane]]:
    woken: list[Lane] = []
    return Share(lambda: lane, woken.append), woken


def test_a_replay_begins_while_the_trigger_leaves_a_slot() -> None:
    lane = make_lane(max_in_flight=8)
    share, _ = share_of(lane)

    share.take()

    assert share.calls_max == 2
    assert lane.max_in_flight == 7
    assert share.wait_seconds() == 0.0


def test_what_the_trigger_holds_is_kept_for_the_replay_once_it_ends() -> None:
    lane = make_lane(max_in_flight=4)
    lane.in_flight = 4
    share, _ = share_of(lane)

    assert share.wait_seconds() > 0.0
    assert lane.max_in_flight == 3
    lane.in_flight = 3
    assert share.wait_seconds() == 0.0


def test_more_than_a_quarter_has_to_wait() -> None:
    lane = make_lane(max_in_flight=4)
    share, _ = share_of(lane)

    share.take()

    assert share.wait_seconds() > 0.0
    assert lane.max_in_flight == 3


def test_what_ends_is_given_back_and_the_trigger_is_woken() -> None:
    lane = make_lane(max_in_flight=1)
    share, woken = share_of(lane)
    share.take()
    taken = lane.max_in_flight

    share.give_back()

    assert (taken, lane.max_in_flight) == (0, 1)
    assert woken == [lane]
