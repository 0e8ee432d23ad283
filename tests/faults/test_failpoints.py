"""The program dies once at each named point of the walk; then the claims hold as after any kill.

Each case says which hit of the point ends the process, counted so that it falls into the
middle of the traffic where the point is passed often.
"""

from pathlib import Path

import pytest

from broker.failpoint import POINTS
from tests.faults.claims import check_repeats, check_world
from tests.faults.process import FAILPOINT, Surroundings, until
from tests.faults.publisher import NOISE, ORDER
from tests.faults.world import make_world

HITS = {
    "accept.before-commit": 30,
    "accept.after-commit": 30,
    "accept.after-answer": 60,
    "route.after": 30,
    "deliver.before": 90,
    "deliver.after": 90,
    "settle.before": 90,
    "checkpoint.before-commit": 12,
    "checkpoint.after-commit": 12,
    "dead-letter.write": 8,
}
# Passed while a store is opened, before anybody publishes; a new store is migrated from
# nothing, so the first hit leaves one of the oldest schema to the next process.
AT_START = ("migrate.step", "open.after-epoch")
IN_REDRIVES = ("redrive.published",)  # passed in test_redrive_elsewhere_deaths.py
BULK_BYTES = 900_000  # the WAL is moved after 48 MiB, or 10 s
SOME = 100
FORGETFUL = {"retention": {"age": "PT0S"}}


def armed(point: str, hits: int = 1) -> Surroundings:
    return Surroundings({"HEADRACE_FAILPOINT": f"{point}:{hits}"})


@pytest.mark.parametrize("point", HITS)
async def test_dying_at_a_point_of_the_walk_loses_nothing(tmp_path: Path, point: str) -> None:
    async with make_world(tmp_path) as world:
        world.publish()
        world.spawn(armed(point, HITS[point]))
        assert await world.program.end() == FAILPOINT, world.program.last_words()

        await world.start()
        export = await world.finish()

    assert world.ledger.accepted
    check_world(world, export)


@pytest.mark.parametrize("point", AT_START)
async def test_dying_while_a_store_is_made_leaves_one_that_opens(
    tmp_path: Path, point: str
) -> None:
    async with make_world(tmp_path) as world:
        world.spawn(armed(point))
        assert await world.program.end() == FAILPOINT, world.program.last_words()

        await world.start()
        await world.publish_some(SOME)
        export = await world.finish()

    check_world(world, export)


async def test_dying_while_a_store_is_taken_over_loses_nothing(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        await world.publish_some(SOME)
        await world.program.kill()
        world.spawn(armed("open.after-epoch"))
        assert await world.program.end() == FAILPOINT, world.program.last_words()

        await world.start()
        export = await world.finish()

    check_world(world, export)
    assert len(export.loaded.unclean_ends) == 2


async def test_dying_before_the_wal_is_moved_loses_nothing(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        world.publish()
        world.publishers[0].mix = (NOISE,)  # no trigger wants it
        world.publishers[0].data = b"0" * BULK_BYTES
        world.publishers[0].pause_seconds = 0.0
        world.spawn(armed("wal-checkpoint.before"))
        assert await world.program.end() == FAILPOINT, world.program.last_words()

        world.publishers[0].is_stopped = True
        await world.start()
        export = await world.finish()

    check_world(world, export)


async def test_dying_while_the_log_is_pruned_forgets_nothing_that_is_needed(
    tmp_path: Path,
) -> None:
    async with make_world(tmp_path, broker_spec=FORGETFUL) as world:
        await world.start()
        await world.publish_some(SOME)
        await world.settled()
        world.sinks["flaky"].is_holding = True  # what comes now is still needed
        await world.publish_some(SOME)
        await world.program.kill()
        world.spawn(armed("prune.before-commit"))
        assert await world.program.end() == FAILPOINT, world.program.last_words()

        await world.start()
        await until(lambda: "log.pruned" in world.program.log.read_text(), "the log is pruned")
        await world.program.kill()
        world.sinks["flaky"].is_holding = False
        await world.start()
        export = await world.finish()

    orders = world.ledger.finals("steady").keys()  # what took too long was stored all the same
    assert export.loaded.first_offset > 1
    assert world.ledger.accepted_of(ORDER) <= orders <= world.ledger.sent.keys()
    assert world.ledger.finals("flaky").keys() == orders
    assert export.sums["flaky"] == export.sums["steady"] == (len(orders), len(orders), 0)
    check_repeats(world)


def test_every_named_point_is_armed_by_a_test() -> None:
    here = {*HITS, *AT_START, "wal-checkpoint.before", "prune.before-commit"}
    assert here | {*IN_REDRIVES} == POINTS.keys()
