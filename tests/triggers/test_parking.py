"""Parked deliveries: in the store, but for the few whose time has come."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from broker.storage.rows import Checkpoint, DeadState, Move, Place
from tests.scenarios.house import BEGINNING
from tests.triggers.workshop import Store, make_lane, row
from triggers.lane import RETRIES_MAX, Lane
from triggers.parking import SLEEP_SECONDS_MAX, Parking


class Waking:
    """Parking at work on one lane; the test takes what it wakes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lane = make_lane()
        self.woken: list[Lane] = []
        self.parking = Parking(store.log, store.clock, self.woken.append)
        self.parking.add(self.lane)
        self.task = asyncio.get_running_loop().create_task(self.parking.run())

    async def park(self, *offsets: int, seconds: float = 0.0) -> None:
        due_at = self.store.clock.now() + timedelta(seconds=seconds)
        rows = tuple(row(offset, due_at=due_at) for offset in offsets)
        await self.commit(Checkpoint(parked=rows))

    async def commit(self, checkpoint: Checkpoint) -> None:
        await self.store.write(checkpoint)
        self.parking.committed(checkpoint)

    def take(self) -> list[int]:
        """What a pool would take; each goes on its way, none is settled."""
        taken = [carriage.offset for carriage in self.lane.retries]
        self.lane.retries.clear()
        self.parking.has_room_again(self.lane)
        return taken


@pytest.fixture
async def waking(store: Store) -> AsyncIterator[Waking]:
    made = Waking(store)
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


async def test_a_row_wakes_its_lane_when_it_is_due_and_not_before(waking: Waking) -> None:
    await waking.park(7, seconds=100.0)

    await asyncio.sleep(99.9)
    before = waking.take()
    await asyncio.sleep(0.2)

    assert (before, waking.take(), waking.woken) == ([], [7], [waking.lane])


async def test_an_earlier_row_is_not_slept_over(waking: Waking) -> None:
    await waking.park(7, seconds=10 * SLEEP_SECONDS_MAX)
    await asyncio.sleep(1)

    await waking.park(8, seconds=2.0)
    await asyncio.sleep(2.1)

    assert waking.take() == [8]


async def test_however_many_are_due_memory_holds_a_few_and_all_come_oldest_first(
    waking: Waking,
) -> None:
    total = 3 * RETRIES_MAX
    for offset in range(1, total + 1):
        await waking.park(offset)
    got: list[int] = []

    while len(got) < total:
        await asyncio.sleep(1)
        assert 0 < len(waking.lane.retries) <= RETRIES_MAX
        got += waking.take()

    assert got == list(range(1, total + 1))


async def test_a_row_is_taken_up_once_until_it_is_written_again(waking: Waking) -> None:
    await waking.park(7)
    await asyncio.sleep(1)
    first = waking.take()

    await waking.park(8)
    await asyncio.sleep(1)
    second = waking.take()
    await waking.park(7)
    await asyncio.sleep(1)

    assert (first, second, waking.take()) == ([7], [8], [7])


async def test_a_paused_lane_takes_nothing_up(waking: Waking) -> None:
    waking.lane.is_paused = True
    await waking.park(7)

    await asyncio.sleep(200)

    assert (waking.take(), waking.woken) == ([], [])


async def test_what_is_settled_is_forgotten(waking: Waking) -> None:
    await waking.park(7)
    await asyncio.sleep(1)
    waking.take()

    await waking.commit(Checkpoint(unparked=(Place("default/t", 7),)))
    await asyncio.sleep(1)

    assert (waking.lane.taken, waking.take()) == (set(), [])


async def test_a_redriven_dead_letter_comes_when_it_is_due(waking: Waking) -> None:
    letter = row(9, redrives=1, due_at=BEGINNING)
    move = Move("id", (DeadState.DEAD,), DeadState.REDRIVING, BEGINNING, "x", parked=letter)

    await waking.store.write(Checkpoint(parked=(letter,)))
    waking.parking.committed(Checkpoint(moves=(move,)))
    await asyncio.sleep(1)

    assert waking.take() == [9]


async def test_of_an_ordered_key_the_row_goes_on_with_its_turn(store: Store) -> None:
    waking = Waking(store)
    lane = waking.lane = make_lane("ordered", order_by="partitionkey")
    waking.parking.add(lane)
    assert lane.turns is not None
    lane.turns.load_parked("a")

    parked = row(3, "default/ordered", order_key="a", due_at=store.clock.now())
    await waking.commit(Checkpoint(parked=(parked,)))
    await asyncio.sleep(1)
    waking.task.cancel()

    assert [carriage.order_key for carriage in lane.retries] == ["a"]
    assert lane.turns.release("a") is None
