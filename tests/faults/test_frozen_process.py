"""The program is frozen under load (SIGSTOP) and goes on later: it is still the only owner."""

import signal
from pathlib import Path

from tests.faults.claims import check_world
from tests.faults.process import FAILED
from tests.faults.world import make_world

SOME = 200


async def test_a_frozen_owner_keeps_its_data_and_goes_on_where_it_was(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        world.publish()
        await world.more_accepted(SOME)
        world.program.signal(signal.SIGSTOP)
        second = world.program.beside()
        second.spawn()
        code = await second.end()  # the freeze lasts as long as this one tries

        world.program.signal(signal.SIGCONT)
        await world.more_accepted(SOME)
        export = await world.finish()

    assert code == FAILED
    assert f"process {world.program.pid} owns" in second.last_words()
    check_world(world, export)
    assert not [sink for sink in world.sinks if world.ledger.repeats(sink)]
