"""Bar 1: the program is killed at random, again and again, under load."""

import asyncio
from pathlib import Path

from tests.faults.claims import check_world
from tests.faults.cores import cpu_seconds
from tests.faults.world import IS_LONG, World, make_world

KILLS = 60 if IS_LONG else 20
PUBLISHERS = 16 if IS_LONG else 8
ACCEPTED_MIN = 20_000 if IS_LONG else 500  # a storm, however busy its machine
READY_CPU_SECONDS_MAX = 3.0  # of the middle one: neighbours may delay all, and cost a little
IMPATIENT_EVERY = 4  # each so-many-th kill does not wait until the program is ready


async def test_nothing_accepted_is_lost_when_the_program_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    async with make_world(tmp_path) as world:
        world.publish(PUBLISHERS)
        ready_seconds = [await kill_once(world, number) for number in range(KILLS)]
        await world.start()
        await world.more_accepted(max(0, ACCEPTED_MIN - len(world.ledger.accepted)))
        export = await world.finish()
        verified, told = world.program.verify()

    took = sorted(one for one in ready_seconds if one is not None)
    repeats = sum(len(world.ledger.repeats(sink)) for sink in world.sinks)
    ready, ready_cpu = max(one for one, _ in took), sorted(one for _, one in took)[len(took) // 2]
    print(f"ready: worst {ready:.2f} s; of CPU, the middle one {ready_cpu:.2f} s")
    print(f"{dict(world.ledger.statuses())}, {repeats} repeated, sums {dict(export.sums)}")
    check_world(world, export)
    assert verified == 0, told
    assert len(world.ledger.accepted) >= ACCEPTED_MIN
    assert ready_cpu < READY_CPU_SECONDS_MAX


async def kill_once(world: World, number: int) -> tuple[float, float] | None:
    """Start, kill 50 to 500 ms later.

    Gives how long it took to be ready, and how much CPU time of that; None if unknown.
    """
    world.spawn()
    ready = None
    if number % IMPATIENT_EVERY:
        ready = await world.program.ready(), cpu_seconds(world.program.pid)
    await asyncio.sleep(world.chance.uniform(0.05, 0.5))
    await world.program.kill()
    return ready
