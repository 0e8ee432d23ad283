"""The next of an ordered key, fetched by its offset."""

import asyncio

import pytest

from tests.triggers.workshop import Store, event, make_lane
from triggers.lane import Lane
from triggers.recall import Recall


async def recalled(store: Store, *asked: tuple[Lane, int, str]) -> list[Lane]:
    """Let a recall fetch what was asked for; gives the lanes that it woke."""
    woken: list[Lane] = []
    recall = Recall(store.log, woken.append)
    task = asyncio.get_running_loop().create_task(recall.run())
    for one in asked:
        recall.ask(*one)
    await asyncio.sleep(1)
    if task.done():
        task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return woken


async def test_the_event_of_a_row_comes_with_its_turn_and_remembers_its_row(store: Store) -> None:
    await store.append(*(event(n, partitionkey="a") for n in range(1, 6)))
    lane = make_lane(order_by="partitionkey")

    woken = await recalled(store, (lane, 3, "a"))

    (carriage,) = lane.released
    assert (carriage.event.id, carriage.offset, carriage.attempt) == ("3", 3, 1)
    assert (carriage.waiting, carriage.order_key, carriage.row) == (True, "a", None)
    assert woken == [lane]


async def test_each_lane_gets_its_own_in_the_order_of_asking(store: Store) -> None:
    await store.append(*(event(n) for n in range(1, 6)))
    one, other = (make_lane(name, order_by="partitionkey") for name in ("one", "other"))

    await recalled(store, (one, 4, "a"), (other, 1, "b"), (one, 2, "c"))

    assert [carriage.offset for carriage in one.released] == [4, 2]
    assert [carriage.offset for carriage in other.released] == [1]


async def test_a_row_whose_event_is_gone_is_a_defect_and_said_to_be_one(store: Store) -> None:
    await store.append(*(event(n) for n in range(1, 6)))
    await store.log.prune(3)
    lane = make_lane(order_by="partitionkey")

    with pytest.raises(LookupError, match="offset 2 of default/t is named by a row but gone"):
        await recalled(store, (lane, 2, "a"))
