"""Row 44, elsewhere: killed again and again while dead letters go to a sink, or to a broker."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from deploy.cli.client import Admin, Item
from tests.faults.publisher import REFUND
from tests.faults.world import IS_LONG, World, make_world

EVENTS = 12_000 if IS_LONG else 1_200
KILLS = 40 if IS_LONG else 6
RATE_PER_SECOND = 60.0
END_SECONDS_MAX = 120.0
Answer = TypeVar("Answer")
DEAD = {"where": "trigger = 'refusing'", "broker": "default/default"}
SECOND = "default/second"
REST = """
---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: second}
---
apiVersion: headrace.dev/v1
kind: FileSink
metadata: {name: archive}
spec: {path: FOLDER/archive.ndjson}
"""


async def test_each_goes_to_the_other_sink_and_leaves_the_desk_once(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        wanted = await dead(world, tmp_path)
        job = await killed_while_redriving(world, to_sink="archive")
        states = await states_of(world)
        assert await world.program.terminate() == 0, world.program.last_words()
        verified, told = world.program.verify()

    lines = (tmp_path / "archive.ndjson").read_text().splitlines()
    taken = Counter(str(json.loads(line)["id"]) for line in lines)
    assert (job["state"], job["tally"]["delivered"]) == ("done", len(wanted))
    assert taken.keys() == wanted
    assert states == {"delivered": len(wanted)}
    assert verified == 0, told
    print(f"{len(wanted)} through {KILLS} kills, {taken.total() - len(wanted)} repeated")


async def test_each_is_published_to_the_other_broker_exactly_once(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        wanted = await dead(world, tmp_path)
        job = await killed_while_redriving(world, to_broker="second")
        states = await states_of(world)
        published = await asked(world, lambda one: one.items("/events", {"broker": SECOND}))
        assert await world.program.terminate() == 0, world.program.last_words()
        verified, told = world.program.verify()

    assert (job["state"], job["tally"]["delivered"]) == ("done", len(wanted))
    assert Counter(str(one["id"]) for one in published) == Counter(wanted)
    assert states == {"delivered": len(wanted)}
    assert verified == 0, told


async def dead(world: World, folder: Path) -> set[str]:
    """The ids of the events that one trigger has refused; its sink refuses still.

    They may be more than were answered 202: a commit that takes too long is answered 503, and
    is made all the same, and a publisher may give up then.
    """
    with world.program.configuration.open("a") as file:
        file.write(REST.replace("FOLDER", str(folder)))
    await world.start()
    await world.publish_some(EVENTS)
    await world.settled()
    letters = await asked(world, lambda one: one.items("/dead-letters", DEAD))
    wanted = {str(one["event"]["id"]) for one in letters}
    assert wanted
    assert world.ledger.accepted_of(REFUND) <= wanted <= world.ledger.sent.keys()
    return wanted


async def killed_while_redriving(world: World, **aim: str) -> Item:
    """The job, once it has ended after all."""
    body = {"verb": "redrive", **DEAD, **aim}
    plan = await asked(world, lambda one: one.post("/dead-letters/plans", body))
    act, options = f"/dead-letters/plans/{plan['id']}/act", {"rate": RATE_PER_SECOND}
    for _ in range(KILLS):
        await asked(world, lambda one: one.post(act, options))
        await asyncio.sleep(world.chance.uniform(0.05, 0.6))
        await world.program.kill()
        await world.start()
    await asked(world, lambda one: one.post(act, options))
    deadline = asyncio.get_running_loop().time() + END_SECONDS_MAX
    while True:
        found = await asked(world, lambda one: one.get(f"/redrive-jobs/{plan['id']}"))
        if found["ended_at"] is not None:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"it never ends: {found}"
        await asyncio.sleep(0.05)


async def states_of(world: World) -> Counter[str]:
    items = await asked(world, lambda one: one.items("/dead-letters", DEAD))
    return Counter(str(one["state"]) for one in items)


def asked(world: World, ask: Callable[[Admin], Answer]) -> Awaitable[Answer]:
    assert world.program.admin is not None
    host, port = world.program.admin
    return asyncio.to_thread(ask, Admin(f"http://{host}:{port}"))
