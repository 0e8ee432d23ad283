"""Held: deliveries that wait in their lane for its target, in order, unwritten."""

from dataclasses import replace
from datetime import timedelta

from broker.delivery import Attempt, Failed, OutcomeClass
from broker.storage.rows import ParkedRow
from sinks.recorder import RecorderSink
from tests.scenarios.house import BEGINNING
from tests.triggers.workshop import make_lane, row, stored_range
from triggers.carriage import resumed
from triggers.held import TRIED_FRESH_MAX, give_back, take_held, take_to_try
from triggers.lane import Lane

AWAY = Failed(OutcomeClass.NOT_READY, "asleep", is_held=True)


def lane_with(count: int, limit: int = 4) -> Lane:
    lane = make_lane(sink=RecorderSink(batch_limit=limit))
    for stored in stored_range(1, count):
        lane.push(stored)
    lane.position = count
    return lane


def offsets(carriages: list) -> list[int]:  # type: ignore[type-arg]
    return [one.offset for one in carriages]


def test_what_is_given_back_goes_first_and_in_order() -> None:
    lane = lane_with(12)
    first, second = lane.take(), lane.take()

    for carriage in (*second, *first):
        give_back(lane, carriage, AWAY)

    assert offsets(lane.take()) == [1, 2, 3, 4]
    assert offsets(lane.take()) == [5, 6, 7, 8]
    assert offsets(lane.take()) == [9, 10, 11, 12]


def test_the_cursor_stays_before_a_held_delivery_and_knows_what_was_settled_beyond() -> None:
    lane = lane_with(12)
    first, second = lane.take(), lane.take()
    for carriage in first:
        give_back(lane, carriage, AWAY)

    for carriage in second:
        lane.leave(carriage, delivered=True)

    cursor = lane.cursor()
    assert (cursor.offset, cursor.settled) == (0, ((5, 8),))


def test_a_lane_with_nothing_but_held_ones_may_begin_a_call() -> None:
    lane = lane_with(2)
    for carriage in lane.take():
        give_back(lane, carriage, AWAY)
    lane.in_flight = 0

    assert lane.may_begin
    assert not lane.queue


def test_each_try_takes_another_one_and_soon_no_more_fresh_ones() -> None:
    lane = lane_with(100, limit=1)
    tried = []

    for _ in range(3 * TRIED_FRESH_MAX):
        (carriage,) = take_to_try(lane)
        tried.append(carriage.offset)
        give_back(lane, carriage, AWAY)

    assert tried == [*range(1, TRIED_FRESH_MAX + 1)] * 3
    assert len(lane.held) == TRIED_FRESH_MAX


def test_a_suspicion_before_an_absence_was_no_attempt() -> None:
    lane = make_lane()
    carriage = resumed(suspected(attempts=1))

    give_back(lane, carriage, AWAY)

    assert carriage.attempt == 1
    assert offsets(take_held(lane, 9)) == [1]


def test_any_other_failure_before_an_absence_stays_an_attempt() -> None:
    lane = make_lane()
    known = suspected(attempts=1)
    broken = replace(known.attempts[0], outcome_class="transient")
    carriage = resumed(replace(known, attempts=(broken,)))

    give_back(lane, carriage, AWAY)

    assert carriage.attempt == 2


def suspected(attempts: int) -> ParkedRow:
    made = tuple(
        Attempt(number, BEGINNING + timedelta(seconds=number), 1.0, "suspect", 500, "boom")
        for number in range(1, attempts + 1)
    )
    return replace(row(1), attempt=attempts + 1, attempts=made)
