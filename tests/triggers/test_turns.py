"""Order by key: one of a key at a time, a parked one in memory costs an offset each."""

from datetime import UTC, datetime

import pytest

from broker.event import Event, StoredEvent
from tests.triggers.workshop import row
from triggers.carriage import Carriage, resumed
from triggers.turns import WAITING_ROWS_MAX, Turns


def stored(offset: int) -> StoredEvent:
    event = Event({"id": str(offset), "source": "/s", "type": "t"}, None, b"")
    return StoredEvent(offset, event, datetime(2026, 1, 1, tzinfo=UTC))


def due(offset: int) -> Carriage:
    return resumed(row(offset, order_key="a"))


@pytest.fixture
def turns() -> Turns:
    return Turns()


def test_a_key_is_busy_until_it_is_released(turns: Turns) -> None:
    assert turns.take("a")
    assert not turns.take("a")
    assert turns.take("b")

    assert turns.release("a") is None
    assert turns.take("a")


def test_what_waits_behind_a_key_in_flight_comes_in_order(turns: Turns) -> None:
    turns.take("a")
    turns.wait("a", stored(2))
    turns.wait("a", stored(3))

    following = [turns.release("a"), turns.release("a"), turns.release("a")]

    assert [getattr(one, "offset", None) for one in following] == [2, 3, None]


def test_behind_a_parked_one_events_become_rows_and_later_ones_at_once(turns: Turns) -> None:
    turns.take("a")
    turns.wait("a", stored(2))

    moved = list(turns.park("a"))
    became_row = turns.wait("a", stored(3))

    assert (moved, became_row, turns.rows, turns.events) == ([2], True, 2, 0)
    assert [turns.release("a"), turns.release("a")] == [2, 3]


def test_while_rows_wait_a_later_event_may_not_overtake_them(turns: Turns) -> None:
    turns.take("a")
    turns.park("a")
    turns.wait("a", stored(2))
    turns.resume(due(1))

    assert turns.wait("a", stored(3)), "an event in memory would be taken before its rows"


def test_at_the_bound_of_rows_it_is_full(turns: Turns) -> None:
    for offset in range(WAITING_ROWS_MAX):
        turns.load("a", offset)

    assert turns.is_full


def test_rows_found_at_start_wait_for_their_parked_one_or_go(turns: Turns) -> None:
    turns.load_parked("a")
    turns.load("a", 5)
    turns.load("b", 6)

    assert turns.orphans() == ["b"]


def test_a_dead_letter_that_comes_back_waits_for_the_one_that_is_carried(turns: Turns) -> None:
    turns.take("a")
    turns.wait("a", stored(5))

    moved = list(turns.come_back("a"))
    is_first = turns.resume(due(2))

    assert (moved, is_first) == ([5], False)
    following = turns.release("a")
    assert isinstance(following, Carriage)
    assert following.offset == 2
    assert turns.release("a") == 5


def test_nobody_overtakes_what_is_parked_while_a_dead_letter_comes_back(turns: Turns) -> None:
    turns.take("a")
    turns.park("a")
    turns.wait("a", stored(5))
    turns.come_back("a")

    assert turns.resume(due(2))
    following = turns.release("a")

    assert following is None, "the parked one is not due, and 5 came after it"
    assert turns.resume(due(4))
    assert turns.release("a") == 5


def test_who_does_not_come_back_gives_its_turn_to_the_next(turns: Turns) -> None:
    turns.come_back("a")
    turns.wait("a", stored(5))

    assert turns.stay_away("a") == 5
