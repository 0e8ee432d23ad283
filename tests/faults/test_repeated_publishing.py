"""One event from a hundred publishers at once, and again after a kill: it is stored once."""

import asyncio
import time
from pathlib import Path

from tests.faults.claims import check_world
from tests.faults.publisher import ORDER, accepted, request
from tests.faults.world import World, make_world

PEERS = 100
EVENT = f"{ORDER}-only-5"  # one whose delivery is answered with a reply


async def test_an_event_that_comes_a_hundred_times_is_stored_and_delivered_once(
    tmp_path: Path,
) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        await asyncio.gather(*[publish(world) for _ in range(PEERS)])
        await world.settled()
        await world.program.kill()
        await world.start()
        await asyncio.gather(*[publish(world) for _ in range(PEERS)])
        export = await world.finish()

    check_world(world, export)
    assert export.ids_of(ORDER) == [EVENT]
    assert world.ledger.finals("steady") == {EVENT: 1}


async def publish(world: World) -> None:
    """Until it is answered 202."""
    assert world.program.ingress is not None
    reader, writer = await asyncio.open_connection(*world.program.ingress)
    world.ledger.send(EVENT, ORDER)
    sent_at = time.monotonic()
    await accepted(reader, writer, request(EVENT, ORDER))
    world.ledger.answer(EVENT, 202, sent_at)
    writer.close()
