"""What becomes of everything settled: one checkpoint, whole, with each lane's cursor."""

from datetime import timedelta

import pytest

from broker.storage.rows import Cursor, Move, Place, Record, Revision, TriggerState, WaitingRow
from tests.scenarios.house import BEGINNING
from tests.triggers.workshop import make_lane, push, row, stored_range, take_all
from triggers.lane import Lane
from triggers.ledger import MARK_SECONDS, Ledger, places_of


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def lane_of(ledger: Ledger, name: str = "t") -> Lane:
    return make_lane(name, ledger=ledger)


def test_a_lane_with_something_open_has_a_cursor_of_its_own(ledger: Ledger) -> None:
    lane = lane_of(ledger)
    push(lane, *stored_range(1, 3))
    lane.leave(take_all(lane)[1], delivered=True)

    checkpoint = ledger.seal(3, 3, BEGINNING)

    assert checkpoint.cursors == (Cursor("default/t", 0, ((2, 2),)),)
    assert (checkpoint.following, checkpoint.routed) == ((), 3)


def test_a_lane_with_nothing_open_stands_where_routing_stands(ledger: Ledger) -> None:
    lane = lane_of(ledger)
    push(lane, *stored_range(1, 3))
    ledger.seal(3, 3, BEGINNING)
    for carriage in take_all(lane):
        lane.leave(carriage, delivered=True)

    checkpoint = ledger.seal(5, 5, BEGINNING)

    assert (checkpoint.cursors, checkpoint.following) == ((), ("default/t",))
    assert lane.position == 5


def test_a_lane_that_never_had_a_cursor_is_not_told_to_lose_it(ledger: Ledger) -> None:
    lane = lane_of(ledger)
    ledger.touch(lane)

    checkpoint = ledger.seal(3, 3, BEGINNING)

    assert (checkpoint.cursors, checkpoint.following) == ((), ())


def test_while_another_lane_is_behind_without_a_cursor_nobody_leans_on_routing(
    ledger: Ledger,
) -> None:
    lane = lane_of(ledger)
    ledger.touch(lane)

    checkpoint = ledger.seal(9, 4, BEGINNING)

    assert checkpoint.routed == 4
    assert checkpoint.cursors == (Cursor("default/t", 9),)


def test_a_cursor_that_was_only_needed_for_another_lane_goes_when_it_is_not(
    ledger: Ledger,
) -> None:
    lane = lane_of(ledger)
    ledger.touch(lane)
    ledger.seal(9, 4, BEGINNING)

    ledger.has_moved = True
    checkpoint = ledger.seal(20, 20, BEGINNING)

    assert checkpoint.following == ("default/t",), "or it would hold the log for ever"
    assert lane.position == 20


def test_a_companion_has_no_place_in_the_log(ledger: Ledger) -> None:
    companion = lane_of(ledger)
    companion.is_companion = True
    ledger.touch(companion)

    checkpoint = ledger.seal(9, 4, BEGINNING)

    assert (checkpoint.cursors, checkpoint.following, checkpoint.marks) == ((), (), ())


def test_an_active_lane_leaves_a_mark_every_ten_seconds(ledger: Ledger) -> None:
    lane = lane_of(ledger)
    marks = []

    for second in range(0, 25, 2):
        ledger.touch(lane)
        at = BEGINNING + timedelta(seconds=second)
        marks += [mark.at for mark in ledger.seal(second, second, at).marks]

    assert marks == [BEGINNING + timedelta(seconds=s) for s in (0, MARK_SECONDS, 2 * MARK_SECONDS)]


def test_everything_put_in_is_in_one_checkpoint_and_then_gone(ledger: Ledger) -> None:
    place = Place("default/t", 1)
    ledger.parked[place] = row(1)
    ledger.unparked.append(Place("default/t", 2))
    ledger.unwaiting.append(("default/t", 3))
    ledger.moves.append(Move("d", (), None, BEGINNING, "headrace"))
    ledger.records.append(Record("k", b"v"))
    ledger.revisions.append(Revision("default/t", 1, 1, b"{}", BEGINNING))
    ledger.states.append(TriggerState("default/t", paused=True))

    checkpoint = ledger.seal(0, 0, BEGINNING)
    after = ledger.seal(0, 0, BEGINNING)

    assert list(places_of(checkpoint)) == [Place("default/t", 2), place]
    assert (checkpoint.unwaiting, len(checkpoint.moves)) == ((("default/t", 3),), 1)
    assert len(checkpoint.records) == len(checkpoint.revisions) == len(checkpoint.states) == 1
    assert (after.parked, after.moves, after.records, after.states) == ((), (), (), ())


def test_it_is_empty_until_something_needs_to_be_written(ledger: Ledger) -> None:
    before = ledger.is_empty
    ledger.has_moved = True

    assert (before, ledger.is_empty) == (True, False)
    ledger.seal(1, 1, BEGINNING)
    assert ledger.is_empty


def test_counts_are_the_difference_since_the_last_checkpoint(ledger: Ledger) -> None:
    lane = lane_of(ledger)
    push(lane, *stored_range(1, 2))
    first, second = take_all(lane)

    lane.leave(first, delivered=True)
    one = ledger.seal(2, 2, BEGINNING).counts
    lane.leave(second, delivered=True)
    other = ledger.seal(2, 2, BEGINNING).counts

    assert [counts.delivered for counts in (*one, *other)] == [1, 1]
    assert lane.totals.delivered == 2


def test_a_row_whose_turn_came_before_it_was_written_is_not_written(ledger: Ledger) -> None:
    ledger.waiting += [WaitingRow("default/t", 7, "a"), WaitingRow("default/t", 8, "a")]
    ledger.unwaiting.append(("default/t", 7))

    checkpoint = ledger.seal(8, 8, BEGINNING)

    assert checkpoint.waiting == (WaitingRow("default/t", 8, "a"),)
    assert checkpoint.unwaiting == (("default/t", 7),)
