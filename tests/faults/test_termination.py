"""SIGTERM under load, SIGKILL on its heels, and a second process beside the first."""

import asyncio
import signal
from pathlib import Path

from tests.faults.claims import check_world
from tests.faults.process import DIED, FAILED
from tests.faults.world import make_world

SOME = 300
ROUNDS = 2
PATIENCE_SECONDS = 1.0
SECOND_SECONDS_MAX = 60.0
OWNER_WORDS = ("owns this partition", "stop that process, or name another data folder")


async def test_sigterm_under_load_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        world.publish()
        for _ in range(ROUNDS):
            await world.start()
            await world.more_accepted(SOME)
            assert await world.program.terminate() == 0, world.program.last_words()
        await world.start()
        export = await world.finish()

    check_world(world, export)
    assert not [sink for sink in world.sinks if world.ledger.repeats(sink)]
    assert not export.loaded.unclean_ends


async def test_sigkill_while_sigterm_drains_is_as_a_kill(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        await world.publish_some(SOME)
        world.sinks["steady"].is_holding = True  # what is in flight will not end in time
        await world.publish_some(SOME)
        world.program.signal(signal.SIGTERM)
        await asyncio.sleep(PATIENCE_SECONDS)
        assert world.program.poll() is None
        await world.program.kill()

        world.sinks["steady"].is_holding = False
        await world.start()
        export = await world.finish()

    assert world.program.ends[1][1] == DIED
    assert len(export.loaded.unclean_ends) == 1
    check_world(world, export)


async def test_a_second_process_is_told_who_owns_the_data_and_harms_nothing(
    tmp_path: Path,
) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        world.publish()
        second = world.program.beside()
        second.spawn()
        code = await second.end(SECOND_SECONDS_MAX)
        await world.more_accepted(SOME)
        export = await world.finish()

    assert code == FAILED
    assert all(words in second.last_words() for words in OWNER_WORDS), second.last_words()
    assert f"process {world.program.pid}" in second.last_words()
    check_world(world, export)
    assert not export.loaded.unclean_ends
