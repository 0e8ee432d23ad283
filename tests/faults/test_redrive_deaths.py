"""Row 44: killed again and again while dead letters are redriven, each is in one place."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from math import inf
from pathlib import Path

from deploy.cli.client import Admin, Item
from tests.faults.publisher import REFUND
from tests.faults.subscribers import BROKEN, OK
from tests.faults.world import FAILURES_RATIO, IS_LONG, World, make_world

EVENTS = 20_000 if IS_LONG else 1_000
KILLS = 40 if IS_LONG else 5
SLICE = 100
PLAN_KILLS = 40 if IS_LONG else 4
PLAN_RATE_PER_SECOND = 40.0
AFTER_READY_SECONDS = 0.3
# So many may come at once: those on their way (a quarter of the trigger's slots), and those that
# went ahead while a busy disk, or we, kept them waiting.
AT_ONCE_MAX = 8 + round(PLAN_RATE_PER_SECOND)
DEAD = "trigger = 'refusing' AND state = 'dead'"
END_SECONDS_MAX = 120.0


async def test_each_redriven_letter_is_delivered_and_a_second_run_moves_nothing(
    tmp_path: Path,
) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        await world.publish_some(EVENTS)
        await world.settled()
        wanted = await stored_refunds(world)
        taken: Counter[str] = Counter()
        world.sinks["refusing"].answer = lambda event: take(world, taken, event)
        for _ in range(KILLS):
            await kill_while_redriving(world)
        await redrive_the_rest(world)
        again = await redrive(world, await ids(world, "trigger = 'refusing'"))
        assert await world.program.terminate() == 0, world.program.last_words()
        verified, told = world.program.verify()

    assert wanted
    assert world.ledger.accepted_of(REFUND) <= wanted <= world.ledger.sent.keys()
    assert taken.keys() == wanted
    assert again == 0
    assert verified == 0, told
    print(f"{len(wanted)} redriven through {KILLS} kills, {taken.total() - len(wanted)} repeated")


async def test_a_job_goes_on_through_kills_within_its_plan_and_at_its_rate(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        await world.publish_some(EVENTS)
        await world.settled()
        taken: Counter[str] = Counter()
        first: dict[str, float] = {}
        world.sinks["refusing"].answer = lambda event: note(world, taken, first, event)
        letters = len(await ids(world, DEAD))
        plan, wanted = await plan_some(world)
        for _ in range(PLAN_KILLS):
            await act(world, plan)
            await asyncio.sleep(AFTER_READY_SECONDS)
            await world.program.kill()
            await world.start()
        job = await ended(world, plan)
        again = [await act(world, plan) for _ in range(2)]
        states = await states_of(world)
        assert await world.program.terminate() == 0, world.program.last_words()
        verified, told = world.program.verify()

    assert job["state"] == "done"
    assert taken.keys() == wanted
    assert job["tally"]["delivered"] == len(wanted)
    assert [(one["is_new"], one["job"]["tally"]) for one in again] == [(False, job["tally"])] * 2
    assert states == {"delivered": len(wanted), "dead": letters - len(wanted)}
    assert surplus(first.values()) <= AT_ONCE_MAX
    assert verified == 0, told
    print(f"{len(wanted)} by a job through {PLAN_KILLS} kills, {taken.total()} taken")


def note(world: World, taken: Counter[str], first: dict[str, float], event: str) -> bytes:
    first.setdefault(event, asyncio.get_running_loop().time())
    return take(world, taken, event)


def surplus(moments: Iterable[float]) -> float:
    """The most that came for the first time beyond the rate, from any moment to any other."""
    beyond = most = 0.0
    last = -inf
    for at in sorted(moments):
        beyond = max(0.0, beyond - 1.1 * PLAN_RATE_PER_SECOND * (at - last)) + 1
        most, last = max(most, beyond), at
    return most


async def stored_refunds(world: World) -> set[str]:
    """The events of the dead letters that there are.

    They may be more than were answered 202: a commit that takes too long is answered 503, and
    is made all the same, and a publisher may give up then.
    """
    letters = await asyncio.to_thread(client(world).items, "/dead-letters", {"where": DEAD})
    return {str(one["event"]["id"]) for one in letters}


async def plan_some(world: World) -> tuple[str, set[str]]:
    """A plan of three quarters of the dead letters, and the ids of their events."""
    letters = await asyncio.to_thread(client(world).items, "/dead-letters", {"where": DEAD})
    some = world.chance.sample(letters, 3 * len(letters) // 4)
    wanted = {"verb": "redrive", "ids": [one["id"] for one in some]}
    plan = await asyncio.to_thread(client(world).post, "/dead-letters/plans", wanted)
    return str(plan["id"]), {str(one["event"]["id"]) for one in some}


async def act(world: World, plan: str) -> Item:
    options = {"rate": PLAN_RATE_PER_SECOND, "abort_above": 1.0}
    return await asyncio.to_thread(client(world).post, f"/dead-letters/plans/{plan}/act", options)


async def ended(world: World, job: str) -> Item:
    deadline = asyncio.get_running_loop().time() + END_SECONDS_MAX
    while True:
        found = await asyncio.to_thread(client(world).get, f"/redrive-jobs/{job}")
        if found["ended_at"] is not None:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"it never ends: {found}"
        await asyncio.sleep(0.05)


async def states_of(world: World) -> Counter[str]:
    """How many dead letters of the trigger are in each state."""
    where = {"where": "trigger = 'refusing'"}
    items = await asyncio.to_thread(client(world).items, "/dead-letters", where)
    return Counter(str(one["state"]) for one in items)


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
