"""What was answered survives a power cut, whatever the disk was doing when it came."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from broker.errors import HeadraceError, StoreFailed
from broker.event import Cause
from broker.storage.rows import Checkpoint, Counts, Place, Reply
from broker.storage.sqlite.engine import SqliteEngine
from tests.contracts.store import AnyEngine, OwnClock, Store, event, letter, parked, small_options
from tests.faults.power_cut import Disk, PowerCutVfs

A = "default/a"
ROUNDS = 12
POINTS = 320 if os.environ.get("HEADRACE_LONG") else 60
CONTROL_POINTS = 40


@dataclass(slots=True)
class Answered:
    """What a run was told is stored."""

    events: dict[int, str] = field(default_factory=dict)
    rounds: int = 0


def engine_on(
    path: Path, clock: OwnClock, vfs: str, synchronous: Literal["FULL", "NORMAL"]
) -> AnyEngine:
    """A WAL of a few pages, so that moving it is cut too."""
    options = small_options(
        vfs=vfs, exclusive=True, synchronous=synchronous, reserve_bytes=0, wal_move_bytes=200_000
    )
    return SqliteEngine(path, clock, options)


async def work_until_dark(store: Store, answered: Answered) -> None:
    """Append, settle, give up and reply, round by round; note only what was answered."""
    try:
        await store.open()
        for number in range(ROUNDS):
            append = store.ask(event(f"a-{number}", b"x" * 3000), event(f"b-{number}"))
            error = await store.checkpoint(settle(number))
            for stored in (await append).stored:
                answered.events[stored.offset] = stored.event.id
            if error is not None or (await append).error is not None:
                return
            answered.rounds = number + 1
    except StoreFailed:  # the power went while opening: then nothing was answered
        return


def settle(number: int) -> Checkpoint:
    """Each round gives up one pair, parks one, unparks the one before, and gets one reply."""
    return Checkpoint(
        routed=number + 1,
        dead_letters=(letter(f"l-{number}"),),
        parked=(parked(number),),
        unparked=(Place(A, number - 1),),
        replies=(Reply(event(f"r-{number}"), b"12345678", Cause(number, A)),),
        counts=(Counts(A, matched=2, dead=1, delivered=1 if number else 0),),
    )


async def run(
    path: Path, cut_at: int | None, synchronous: Literal["FULL", "NORMAL"]
) -> tuple[Answered, Disk]:
    disk = Disk(Random(cut_at), cut_at)
    name = f"cut-{path.parent.name}"
    vfs = PowerCutVfs(name, disk)
    answered = Answered()
    store = Store(lambda clock: engine_on(path, clock, name, synchronous))
    await work_until_dark(store, answered)
    assert isinstance(store.engine, SqliteEngine)
    await store.engine.abandon()
    vfs.unregister()
    return answered, disk


async def missing_after(path: Path, answered: Answered) -> list[str]:
    """What was answered and is not there after the cut; sums that do not add up."""
    store = Store(lambda clock: SqliteEngine(path, clock, small_options(reserve_bytes=0)))
    loaded = await store.open()
    kept = {s.offset: s.event.id for s in await store.engine.log.read(0, 10_000, 1 << 30)}
    letters = (await store.engine.log.sizes()).dead_letters
    totals = (await store.engine.desk.totals()).get(A, 0)
    await store.engine.log.close()
    lost = [f"event {at}" for at, one in answered.events.items() if kept.get(at) != one]
    if loaded.routed < answered.rounds:
        lost.append(f"checkpoint {answered.rounds}, found {loaded.routed}")
    counts = loaded.counts.get(A, Counts(A))
    parked_rows = loaded.parked[A].count if A in loaded.parked else 0
    replies = sum(name.startswith("r-") for name in kept.values())
    if {letters, totals, counts.dead, replies} != {loaded.routed}:
        lost.append(f"half of a checkpoint: {loaded.routed} {letters} {totals} {counts}")
    if counts.matched != counts.delivered + counts.dead + counts.discarded + parked_rows:
        lost.append(f"sums: {counts}, {parked_rows} parked")
    return lost


async def test_a_power_cut_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    whole, disk = await run(folder(tmp_path, "whole"), None, "FULL")
    assert whole.rounds == ROUNDS

    for number in range(POINTS):
        cut_at = 1 + number * disk.operations // POINTS
        path = folder(tmp_path, f"full-{number}")
        answered, _ = await run(path, cut_at, "FULL")
        assert not await missing_after(path, answered), f"cut at operation {cut_at}"


async def test_the_cut_itself_is_real_since_normal_loses_something(tmp_path: Path) -> None:
    _, disk = await run(folder(tmp_path, "whole"), None, "NORMAL")

    lost: list[str] = []
    for number in range(CONTROL_POINTS):
        cut_at = 1 + number * disk.operations // CONTROL_POINTS
        path = folder(tmp_path, f"normal-{number}")
        answered, _ = await run(path, cut_at, "NORMAL")
        lost += await missing_after(path, answered)

    assert lost


def folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name / "b.db"


@dataclass(slots=True)
class Broken:
    """A store on a disk whose syncs can be made to fail."""

    store: Store
    disk: Disk
    fatal: list[HeadraceError]


@pytest.fixture
async def broken(tmp_path: Path) -> AsyncIterator[Broken]:
    disk = Disk(Random(1))
    vfs = PowerCutVfs("broken", disk)
    fatal: list[HeadraceError] = []
    options = small_options(vfs="broken", exclusive=True, reserve_bytes=0, on_fatal=fatal.append)
    store = Store(lambda clock: SqliteEngine(tmp_path / "b.db", clock, options))
    await store.open()
    yield Broken(store, disk, fatal)
    assert isinstance(store.engine, SqliteEngine)
    await store.engine.abandon()
    vfs.unregister()


async def test_a_failed_sync_is_answered_as_unknown_to_the_whole_group(broken: Broken) -> None:
    broken.disk.fails_syncs = True

    first, second = broken.store.ask(event("a")), broken.store.ask(event("b"))
    errors = [(await first).error, (await second).error]

    assert all(isinstance(error, StoreFailed) and error.unknown for error in errors)
    assert [error.code for error in broken.fatal] == ["store-broken"]


async def test_nothing_is_written_after_a_failed_sync(broken: Broken) -> None:
    broken.disk.fails_syncs = True
    await broken.store.append(event("a"))
    broken.disk.fails_syncs = False

    operations = broken.disk.operations
    after = await broken.store.append(event("b"))

    assert after.error is not None
    assert after.error.code == "store-broken"
    assert broken.disk.operations == operations
    assert len(broken.fatal) == 1


async def test_an_answer_waits_for_its_sync(broken: Broken) -> None:
    operations = broken.disk.operations

    await asyncio.gather(*(broken.store.ask(event(f"e-{n}")) for n in range(5)))

    assert broken.disk.operations > operations
