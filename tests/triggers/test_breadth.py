"""A sink that fails gets fewer calls at once; one that recovers gets all of them back."""

from broker.delivery import Delivered, Failed, OutcomeClass
from tests.triggers.workshop import make_lane, push, stored_range
from triggers.breadth import CALLS_MIN, is_at_fault, narrow, widen
from triggers.lane import BREADTH_FREE, Lane


def calls_at_once(lane: Lane) -> int:
    """How many calls may begin before one ends."""
    begun = 0
    while lane.may_begin:
        lane.take()
        begun += 1
    return begun


def lane_with_work() -> Lane:
    lane = make_lane(max_in_flight=8)
    push(lane, *stored_range(1, 20))
    return lane


def test_each_failure_takes_one_call_down_to_the_least() -> None:
    once, often = lane_with_work(), lane_with_work()

    narrow(once)
    for _ in range(100):
        narrow(often)

    assert (calls_at_once(once), calls_at_once(often)) == (7, CALLS_MIN)


def test_successes_give_all_calls_back() -> None:
    lane = lane_with_work()
    for _ in range(100):
        narrow(lane)

    for _ in range(8 - CALLS_MIN):
        widen(lane)

    assert lane.breadth == BREADTH_FREE
    assert calls_at_once(lane) == 8


def test_a_sink_that_mostly_succeeds_keeps_nearly_all_calls() -> None:
    lane = lane_with_work()

    for _ in range(50):
        narrow(lane)
        widen(lane)
        widen(lane)

    assert calls_at_once(lane) == 8


def test_an_event_that_is_refused_says_nothing_against_its_sink() -> None:
    outcomes = [Delivered(), *(Failed(one, "no") for one in OutcomeClass)]

    faults = {one.outcome_class for one in outcomes if isinstance(one, Failed) and is_at_fault(one)}

    assert faults == {OutcomeClass.TRANSIENT, OutcomeClass.SUSPECT, OutcomeClass.OVERLOAD}
