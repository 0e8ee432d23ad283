"""Row 44, elsewhere: killed again and again while dead letters go to a sink, or to a broker."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from deploy.cli.client import Admin, Item
from tests.faults.process import FAILPOINT, Surroundings
from tests.faults.publisher import REFUND
from tests.faults.world import IS_LONG, World, make_world

EVENTS = 12_000 if IS_LONG else 600
KILLS = 40 if IS_LONG else 4
AT_RATE = {"rate": 60.0 if IS_LONG else 30.0}  # a second
END_SECONDS_MAX = 120.0
Answer = TypeVar("Answer")
DEAD = {"where": "trigger = 'refusing'", "broker": "default/default"}
SECOND = "default/second"
REST = """
---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: second}
spec: {dedupe: {window: PT0S}}  # so that only what a redrive wrote down keeps it from repeating
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
        published = await published_in(world)
        assert await world.program.terminate() == 0, world.program.last_words()
        verified, told = world.program.verify()

    assert (job["state"], job["tally"]["delivered"]) == ("done", len(wanted))
    assert Counter(published) == Counter(wanted)
    assert states == {"delivered": len(wanted)}
    assert verified == 0, told


async def test_dying_between_the_two_stores_publishes_none_twice(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        wanted = await dead(world, tmp_path)
        await world.program.kill()
        await world.start(Surroundings({"HEADRACE_FAILPOINT": "redrive.published:2"}))
        job, act = await planned(world, to_broker="second")
        await asked(world, lambda one: one.post(act, AT_RATE))
        assert await world.program.end() == FAILPOINT, world.program.last_words()
        await world.start()
        ended = await end_of(world, job)
        said = await asked(world, reasons)
        published = await published_in(world)

    assert any(one.endswith(job) for one in said)  # found by its record, which has no offset
    assert ended["tally"]["delivered"] == len(wanted)
    assert Counter(published) == Counter(wanted)


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
    job, act = await planned(world, **aim)
    for _ in range(KILLS):
        await asked(world, lambda one: one.post(act, AT_RATE))
        await asyncio.sleep(world.chance.uniform(0.05, 0.6))
        await world.program.kill()
        await world.start()
    await asked(world, lambda one: one.post(act, AT_RATE))
    return await end_of(world, job)


async def planned(world: World, **aim: str) -> tuple[str, str]:
    """The job that will be, and where it is begun."""
    body = {"verb": "redrive", **DEAD, **aim}
    plan = await asked(world, lambda one: one.post("/dead-letters/plans", body))
    return str(plan["id"]), f"/dead-letters/plans/{plan['id']}/act"


async def end_of(world: World, job: str) -> Item:
    deadline = asyncio.get_running_loop().time() + END_SECONDS_MAX
    while True:
        found = await asked(world, lambda one: one.get(f"/redrive-jobs/{job}"))
        if found["ended_at"] is not None:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"it never ends: {found}"
        await asyncio.sleep(0.05)


async def published_in(world: World) -> list[str]:
    """The ids of all events of the other broker."""
    found = await asked(world, lambda one: one.items("/events", {"broker": SECOND}))
    return [str(one["id"]) for one in found]


def reasons(one: Admin) -> list[str]:
    """Why the dead letters are where they are."""
    found = [one.get(f"/dead-letters/{item['id']}") for item in one.items("/dead-letters", DEAD)]
    return [str(letter["moved"]["message"]) for letter in found]


async def states_of(world: World) -> Counter[str]:
    items = await asked(world, lambda one: one.items("/dead-letters", DEAD))
    return Counter(str(one["state"]) for one in items)


def asked(world: World, ask: Callable[[Admin], Answer]) -> Awaitable[Answer]:
    assert world.program.admin is not None
    host, port = world.program.admin
    return asyncio.to_thread(ask, Admin(f"http://{host}:{port}"))
