"""headrace is killed again and again while things happen, and the origin's server too.

Whatever surely happened is in the log once: nothing lost, nothing twice.
"""

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from broker.event import StoredEvent
from tests.faults.export import export
from tests.faults.origins.origin import Origin
from tests.faults.origins.origins import ORIGINS, make_origin
from tests.faults.process import Program, Surroundings
from tests.faults.world import IS_LONG, draw_seed

KILLS = 20 if IS_LONG else 3
SERVER_DEATHS = 5 if IS_LONG else 1
SETTLE_SECONDS_MAX = 90.0
QUIET_SECONDS = 1.0  # after the last event: time for one too many to come
BROKER = """
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: default}
---
"""


@pytest.mark.parametrize("kind", list(ORIGINS))
async def test_what_happened_is_stored_once_whatever_dies(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance = Random(draw_seed())
    origin = await make_origin(kind, tmp_path, request)
    program = Program(tmp_path)
    program.configuration.write_text(BROKER + origin.document())
    around = Surroundings(origin.variables())
    try:
        await program.start(around)
        working = asyncio.create_task(origin.work(program))
        await die_all(origin, program, around, chance)
        origin.rest()
        await asyncio.wait_for(working, SETTLE_SECONDS_MAX)
        stored = await settled(origin, program)
    finally:
        program.close()

    expected = await origin.expected(stored)
    found = Counter(origin.label_of(one.event) for one in stored)
    print(f"{kind}: {expected.total()} happened, {KILLS} + {SERVER_DEATHS} deaths")
    assert found - expected == Counter(), "stored twice, or never happened"
    assert expected - found == Counter(), "lost"
    assert expected.total() > KILLS


async def die_all(origin: Origin, program: Program, around: Surroundings, chance: Random) -> None:
    """Deaths of headrace at any moment, and of the server; then some life without."""
    deaths = ["headrace"] * KILLS + ["server"] * (SERVER_DEATHS if origin.has_server else 0)
    chance.shuffle(deaths)
    for dying in deaths:
        await asyncio.sleep(chance.uniform(0.2, 1.2))
        if dying == "server":
            await origin.die()
        else:
            await program.kill()
            await program.start(around)
    await asyncio.sleep(1.0)


async def settled(origin: Origin, program: Program) -> list[StoredEvent]:
    """The log once all that happened is in it; then headrace has ended."""
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    total = (await origin.expected([])).total()
    while (count := await stored_count(program)) < total and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    await asyncio.sleep(QUIET_SECONDS)
    print(f"{count} stored, {total} expected; {await how_it_is(program)}")
    assert await program.terminate() == 0
    return list((await export(program.store)).events)


async def stored_count(program: Program) -> int:
    status, body = await program.get("/api/v1/events?limit=1")
    assert status == 200, body
    items = json.loads(body)["items"]
    return int(items[0]["offset"]) if items else 0


async def how_it_is(program: Program) -> str:
    """What the source says of itself, for messages."""
    _, body = await program.get("/api/v1/sources/default/tested")
    return body.decode()[:600]
