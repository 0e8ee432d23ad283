"""Dying at every named point of the store: what was answered is there, and nothing is half."""

import subprocess
import sys
from pathlib import Path

import pytest

from broker.storage.rows import Counts
from broker.storage.sqlite.engine import SqliteEngine
from tests.contracts.store import Store, small_options

A = "default/a"
DEATHS = [
    ("accept.before-commit", 17), ("accept.after-commit", 17), ("checkpoint.before-commit", 9),
    ("checkpoint.after-commit", 9), ("dead-letter.write", 9), ("migrate.step", 1),
    ("migrate.step", 2), ("prune.before-commit", 3), ("wal-checkpoint.before", 2),
    ("open.after-epoch", 1),
]  # fmt: skip


def die(path: Path, point: str, hits: int) -> dict[str, int]:
    """Run until the point ends it; gives the last numbers that were answered."""
    command = [sys.executable, "-m", "tests.broker.storage.dying", str(path), point, str(hits)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert ended.returncode == 137, ended.stderr
    answered = {"stored": 0, "routed": 0}
    answered.update((what, int(n)) for what, n in map(str.split, ended.stdout.splitlines()))
    return answered


@pytest.mark.parametrize(("point", "hits"), DEATHS, ids=str)
async def test_dying_there_loses_nothing_answered(path: Path, point: str, hits: int) -> None:
    answered = die(path, point, hits)

    store = Store(lambda clock: SqliteEngine(path, clock, small_options()))
    loaded = await store.open()
    letters = (await store.engine.log.sizes()).dead_letters
    kept = await store.engine.log.read(0, 1000, 1 << 30)
    await store.engine.log.close()

    counts = loaded.counts.get(A, Counts(A))
    parked = loaded.parked[A].count if A in loaded.parked else 0
    assert loaded.last_offset >= answered["stored"]
    assert loaded.routed >= answered["routed"]
    assert [one.offset for one in kept] == list(range(loaded.first_offset, loaded.last_offset + 1))
    assert (counts.dead, letters) == (max(0, loaded.routed - 1),) * 2
    assert counts.matched == counts.dead + parked == loaded.routed
    assert sum(1 for one in kept if one.cause) >= loaded.routed - loaded.first_offset


async def test_a_death_after_the_commit_keeps_what_nobody_heard_of(path: Path) -> None:
    answered = die(path, "accept.after-commit", 1)

    store = Store(lambda clock: SqliteEngine(path, clock, small_options()))
    loaded = await store.open()
    await store.engine.log.close()

    assert (answered["stored"], loaded.last_offset) == (0, 2)
    assert len(loaded.unclean_ends) == 1


async def test_a_killed_migration_goes_on_at_the_next_open(path: Path) -> None:
    die(path, "migrate.step", 1)

    store = Store(lambda clock: SqliteEngine(path, clock, small_options()))
    loaded = await store.open()
    await store.engine.log.close()

    assert loaded.owner_epoch == 1
    assert loaded.unclean_ends == ()
