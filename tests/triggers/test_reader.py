"""The slow lane: pages for whoever is behind, never past what the router has seen."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.triggers.workshop import Store, event, make_lane, push, stored_range, take_all
from triggers.lane import Lane
from triggers.queueing import QUEUE_EVENTS_MAX
from triggers.reader import PAGE_EVENTS, Reader
from triggers.room import ROOM_EVENTS
from triggers.router import Router


class Reading:
    """A reader at work on a partition whose routing the test does itself."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.router = Router()
        self.woken: list[Lane] = []
        self.reader = Reader(store.log, self.router, self.woken.append)
        self.task = asyncio.get_running_loop().create_task(self.reader.run())

    async def read(self, *lanes: Lane) -> None:
        for lane in lanes:
            if lane not in self.router.index:
                self.router.enrol(lane)
        self.reader.ask()
        await asyncio.sleep(1)
        assert not self.task.done()


@pytest.fixture
async def reading(store: Store) -> AsyncIterator[Reading]:
    made = Reading(store)
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


def behind(name: str = "t", position: int = 0) -> Lane:
    lane = make_lane(name, is_following=False)
    lane.position = position
    return lane


def offsets(lane: Lane) -> list[int]:
    return [carriage.offset for carriage in take_all(lane)]


async def test_it_never_feeds_what_the_router_has_not_seen(reading: Reading) -> None:
    await reading.store.append(*(event(n) for n in range(1, 11)))
    reading.router.routed = 6
    lane = behind()

    await reading.read(lane)
    fed = offsets(lane)
    reading.router.route(stored_range(7, 10))

    assert (fed, offsets(lane)) == ([1, 2, 3, 4, 5, 6], [7, 8, 9, 10])


async def test_lanes_that_fell_behind_together_cost_one_reading(reading: Reading) -> None:
    await reading.store.append(*(event(n) for n in range(1, 101)))
    reading.router.routed = 100
    lanes = [behind(f"t{number}", position=number) for number in range(20)]

    await reading.read(*lanes)

    assert reading.store.log.reads == [(0, PAGE_EVENTS)]
    assert all(offsets(lane) == list(range(n + 1, 101)) for n, lane in enumerate(lanes))


async def test_a_long_backlog_is_read_in_pages_as_the_lane_has_room(reading: Reading) -> None:
    total = 3 * QUEUE_EVENTS_MAX
    for first in range(1, total, 1000):
        await reading.store.append(*(event(n) for n in range(first, min(first + 1000, total + 1))))
    reading.router.routed = total
    lane = behind()
    got: list[int] = []

    while len(got) < total:
        await reading.read(lane)
        assert len(lane.queue) <= QUEUE_EVENTS_MAX
        got += offsets(lane)

    assert got == list(range(1, total + 1))
    assert {limit for _, limit in reading.store.log.reads} == {PAGE_EVENTS}


async def test_hungry_are_those_with_room_for_half_a_queue_farthest_behind_first(
    reading: Reading,
) -> None:
    reading.router.routed = 10_000
    far, near, paused, busy = (behind(name, n) for n, name in enumerate(("f", "n", "p", "b")))
    for lane in (near, far, paused, busy):
        reading.router.enrol(lane)
    paused.is_paused = True

    push(busy, *stored_range(9001, 9001 + ROOM_EVENTS))

    assert reading.reader.hungry() == [far, near]


async def test_a_lane_before_what_was_pruned_goes_on_with_what_is_left(reading: Reading) -> None:
    await reading.store.append(*(event(n) for n in range(1, 11)))
    await reading.store.log.prune(7)
    reading.router.routed = 10
    lane = behind(position=3)

    await reading.read(lane)

    assert (offsets(lane), lane.is_following) == ([8, 9, 10], True)


async def test_a_lane_for_which_nothing_is_left_follows(reading: Reading) -> None:
    await reading.store.append(*(event(n) for n in range(1, 11)))
    await reading.store.log.prune(10)
    reading.router.routed = 10
    lane = behind(position=3)

    await reading.read(lane)

    assert (lane.is_following, lane.position) == (True, 10)


async def test_each_lane_that_was_fed_is_woken(reading: Reading) -> None:
    await reading.store.append(event(1))
    reading.router.routed = 1
    lanes = [behind("a"), behind("b")]

    await reading.read(*lanes)

    assert sorted(lane.name for lane in reading.woken) == ["default/a", "default/b"]
