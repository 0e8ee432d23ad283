"""What an operator has asked for and is not on disk yet: retention may not take it meanwhile."""

import asyncio

from broker.errors import StoreFailed
from tests.scenarios.house import House, numbered, trigger
from tests.triggers.workshop import CountingLog
from triggers.replay.job import ReplayRequest

T = "default/t"


async def with_ten_delivered(house: House) -> CountingLog:
    """Ten events are delivered, and the trigger is paused."""
    log = house.engine.log = CountingLog(house.engine.log)
    await house.start(trigger())
    await house.publish(*(numbered(number) for number in range(1, 11)))
    await house.settle()
    await house.partition.steering.pause(T, "ann")
    return log


async def test_what_is_needed_by_a_replay_that_is_not_on_disk_yet_stays(house: House) -> None:
    log, replays = await with_ten_delivered(house), house.partition.replays
    assert replays is not None
    before = house.partition.lowest_needed()
    log.refusals = [StoreFailed("the disk is away")] * 3

    creating = asyncio.ensure_future(replays.create(ReplayRequest(T, 3), "ann"))
    await asyncio.sleep(0.1)
    meanwhile = house.partition.lowest_needed()
    await creating

    assert (before, meanwhile, house.partition.lowest_needed()) == (11, 3, 3)


async def test_what_is_needed_by_a_seek_that_is_not_on_disk_yet_stays(house: House) -> None:
    log = await with_ten_delivered(house)
    before, steps = house.partition.lowest_needed(), len(log.given)

    seeking = asyncio.ensure_future(house.partition.steering.seek(T, 5, "ann"))
    while len(log.given) == steps:  # it writes down where it stands before it moves
        await asyncio.sleep(0)
    log.refusals = [StoreFailed("the disk is away")] * 3
    await asyncio.sleep(0.1)
    meanwhile = house.partition.lowest_needed()
    await seeking

    assert (before, meanwhile, house.partition.lowest_needed()) == (11, 5, 5)
