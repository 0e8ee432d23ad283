"""`onFull: dead-letter`: the oldest backlog goes to the desk; what is under way goes on."""

import pytest

from broker.telemetry import Telemetry
from tests.triggers.workshop import Store, event, make_lane, push, stored, stored_range
from triggers.failures import Failures
from triggers.ledger import Ledger
from triggers.overflow import PAGE_EVENTS, Overflow


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def overflow(store: Store, ledger: Ledger) -> Overflow:
    failures = Failures(
        "default/b",
        ledger,
        store.clock,
        lambda: 0.5,
        Telemetry(),
        on_turn=lambda lane, offset, key: None,
        on_pause=lambda lane, why: None,
    )
    return Overflow(store.log, failures)


def buried(ledger: Ledger) -> list[int]:
    return [letter.place.offset for letter in ledger.dead_letters]


async def test_what_waits_in_memory_goes_up_to_the_offset_and_no_farther(
    overflow: Overflow, ledger: Ledger
) -> None:
    lane = make_lane(ledger=ledger)
    push(lane, *stored_range(1, 10))

    count = await overflow.bury(lane, 6)

    assert (count, buried(ledger)) == (6, [1, 2, 3, 4, 5, 6])
    assert [one.offset for one in lane.queue] == [7, 8, 9, 10]


async def test_what_is_in_flight_goes_on(overflow: Overflow, ledger: Ledger) -> None:
    lane = make_lane(ledger=ledger)
    push(lane, *stored_range(1, 4))
    lane.take()

    await overflow.bury(lane, 4)

    assert (buried(ledger), list(lane.open)) == ([2, 3, 4], [1])
    assert (lane.cursor().offset, lane.cursor().settled) == (0, ((2, 4),))


async def test_the_log_is_buried_in_pages_each_event_once(
    store: Store, overflow: Overflow, ledger: Ledger
) -> None:
    total = PAGE_EVENTS + 10
    await store.append(*(event(n) for n in range(1, total + 1)))
    lane = make_lane(ledger=ledger, is_following=False)

    counts = [await overflow.bury(lane, total) for _ in range(3)]

    assert counts == [PAGE_EVENTS, 10, 0]
    assert buried(ledger) == list(range(1, total + 1))
    assert lane.position == total


async def test_it_goes_on_through_pages_where_nothing_matches(
    store: Store, overflow: Overflow, ledger: Ledger
) -> None:
    total = 4 * PAGE_EVENTS
    for first in range(1, total, 512):
        await store.append(*(event(n, type="yn"[n != total]) for n in range(first, first + 512)))
    lane = make_lane(ledger=ledger, filters=[{"exact": {"type": "y"}}], is_following=False)

    count = await overflow.bury(lane, total)

    assert (count, buried(ledger)) == (1, [total])


async def test_only_what_matches_and_is_not_settled_is_buried(
    store: Store, overflow: Overflow, ledger: Ledger
) -> None:
    await store.append(*(event(n, type="ab"[n % 2]) for n in range(1, 11)))
    lane = make_lane(ledger=ledger, filters=[{"exact": {"type": "b"}}], is_following=False)
    lane.skip = ((3, 5),)

    await overflow.bury(lane, 9)

    assert buried(ledger) == [1, 7, 9]


async def test_a_buried_event_was_never_attempted_and_counts_as_dead(
    overflow: Overflow, ledger: Ledger
) -> None:
    lane = make_lane(ledger=ledger)
    push(lane, *stored_range(1, 1))

    await overflow.bury(lane, 1)

    (letter,) = ledger.dead_letters
    assert (letter.reason, letter.attempt_count, letter.attempts) == ("backlog", 0, ())
    counts = lane.take_counts()
    assert counts is not None
    assert (counts.matched, counts.delivered, counts.dead) == (1, 0, 1)


async def test_of_an_ordered_lane_the_log_is_buried_while_its_queue_goes_on(
    store: Store, overflow: Overflow, ledger: Ledger
) -> None:
    await store.append(*(event(n, partitionkey="a") for n in range(1, 11)))
    lane = make_lane(ledger=ledger, order_by="partitionkey", is_following=False)
    push(lane, *(stored(n, partitionkey="a") for n in (1, 2)))

    await overflow.bury(lane, 9)

    assert buried(ledger) == list(range(3, 10))
    assert (lane.cursor().offset, lane.cursor().settled) == (0, ((3, 9),))


async def test_it_does_not_bury_what_the_cursor_would_not_cover(
    store: Store, overflow: Overflow, ledger: Ledger
) -> None:
    await store.append(*(event(n) for n in range(1, 11)))
    lane = make_lane(ledger=ledger, is_following=False)
    lane.push(stored(5))
    lane.position = 5

    count = await overflow.bury(lane, 4)

    assert (count, buried(ledger), lane.position) == (0, [], 5)
