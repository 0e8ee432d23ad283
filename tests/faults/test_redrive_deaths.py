"""Row 44: killed again and again while dead letters are redriven, each is in one place."""

import asyncio
from collections import Counter
from pathlib import Path

from deploy.cli.client import Admin
from tests.faults.publisher import REFUND
from tests.faults.subscribers import BROKEN, OK
from tests.faults.world import FAILURES_RATIO, IS_LONG, World, make_world

EVENTS = 20_000 if IS_LONG else 1_500
KILLS = 40 if IS_LONG else 8
SLICE = 100
DEAD = "trigger = 'refusing' AND state = 'dead'"
END_SECONDS_MAX = 120.0


async def test_each_redriven_letter_is_delivered_and_a_second_run_moves_nothing(
    tmp_path: Path,
) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        await world.publish_some(EVENTS)
        await world.settled()
        wanted = world.ledger.accepted_of(REFUND)
        taken: Counter[str] = Counter()
        world.sinks["refusing"].answer = lambda event: take(world, taken, event)
        for _ in range(KILLS):
            await kill_while_redriving(world)
        await redrive_the_rest(world)
        again = await redrive(world, await ids(world, "trigger = 'refusing'"))
        assert await world.program.terminate() == 0, world.program.last_words()
        verified, told = world.program.verify()

    assert wanted
    assert taken.keys() == wanted
    assert again == 0
    assert verified == 0, told
    print(f"{len(wanted)} redriven through {KILLS} kills, {taken.total() - len(wanted)} repeated")


def take(world: World, taken: Counter[str], event: str) -> bytes:
    """As the flaky sink does, so that some are parked when the program dies."""
    if world.chance.random() < FAILURES_RATIO:
        return BROKEN
    taken[event] += 1
    return OK


async def kill_while_redriving(world: World) -> None:
    asked = asyncio.ensure_future(redrive(world, await ids(world, DEAD)))
    await asyncio.sleep(world.chance.uniform(0.0, 0.3))
    await world.program.kill()
    await asyncio.gather(asked, return_exceptions=True)
    await world.start()


async def redrive_the_rest(world: World) -> None:
    """Until nothing of the trigger is dead or on its way; what was moved must not move again."""
    deadline = asyncio.get_running_loop().time() + END_SECONDS_MAX
    while left := await ids(world, "trigger = 'refusing' AND state != 'delivered'"):
        assert asyncio.get_running_loop().time() < deadline, f"{len(left)} are never delivered"
        await redrive(world, await ids(world, DEAD))
        await asyncio.sleep(0.05)


async def redrive(world: World, letters: list[str]) -> int:
    """How many were moved; as many as were asked for before the program died."""
    moved = 0
    for start in range(0, len(letters), SLICE):
        some = letters[start : start + SLICE]
        admin = client(world)
        answer = await asyncio.to_thread(admin.post, "/dead-letters/redrive", {"ids": some})
        moved += answer["count"]
    return moved


async def ids(world: World, where: str) -> list[str]:
    items = await asyncio.to_thread(client(world).items, "/dead-letters", {"where": where})
    return [str(item["id"]) for item in items]


def client(world: World) -> Admin:
    assert world.program.admin is not None
    host, port = world.program.admin
    return Admin(f"http://{host}:{port}")
