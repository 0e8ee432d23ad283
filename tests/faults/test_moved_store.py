"""The store's file is deleted, or another takes its place, while the program writes it."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.claims import check_world
from tests.faults.process import FAILED
from tests.faults.world import make_world

SOME = 200
# How often the store looks, and what a busy disk and machine make of it.
NOTICED_SECONDS_MAX = 10.0
REMEDY = "put it back and restart"


def delete(store: Path) -> None:
    store.unlink()


def move(store: Path) -> None:
    store.rename(store.with_suffix(".away"))


def replace(store: Path) -> None:
    other = store.with_suffix(".other")
    shutil.copyfile(store, other)
    other.rename(store)


@pytest.mark.parametrize("spoil", [delete, move, replace])
async def test_a_store_that_is_no_longer_in_its_place_accepts_nothing(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        world.publish()
        await world.more_accepted(SOME)

        spoil(world.program.store)
        spoiled_at = time.monotonic()
        code = await world.program.end()
        await world.hush()

    noticed_at = spoiled_at + NOTICED_SECONDS_MAX
    late = [one for one in world.ledger.answered(202) if one.sent_at > noticed_at]
    assert code == FAILED
    assert REMEDY in world.program.last_words()
    assert not late


async def test_a_store_that_was_put_back_has_everything_that_was_accepted(tmp_path: Path) -> None:
    async with make_world(tmp_path) as world:
        await world.start()
        world.publish()
        await world.more_accepted(SOME)
        store = world.program.store
        away = store.with_suffix(".away")
        move(store)
        assert await world.program.end() == FAILED

        away.rename(store)
        await world.start()
        export = await world.finish()

    check_world(world, export)
