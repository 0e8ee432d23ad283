"""What lies on the disk: rights, versions, damage, and files that are not ours."""

import asyncio
import os
import stat
from pathlib import Path
from random import Random

import apsw
import pytest

from broker.errors import HeadraceError, StoreFailed
from broker.storage.rows import Checkpoint
from broker.storage.sqlite.engine import SqliteEngine
from tests.contracts.store import Store, event, letter, parked, small_options

FRAME_BYTES = 8192 + 24
IS_LONG = bool(os.environ.get("HEADRACE_LONG"))


async def filled(path: Path, commits: int = 3) -> Path:
    """A partition that ended as by kill -9: its newest commits are in the WAL only."""
    store = Store(lambda clock: SqliteEngine(path, clock, small_options()))
    await store.open()
    for number in range(commits):
        await store.append(*(event(f"{number}-{n}", b"x" * 1000) for n in range(20)))
    assert isinstance(store.engine, SqliteEngine)
    await store.engine.abandon()
    return path


async def open_code(path: Path, **options: object) -> str:
    """How opening goes: `ok`, or the code of its failure."""
    store = Store(lambda clock: SqliteEngine(path, clock, small_options(**options)))
    try:
        await store.open()
    except StoreFailed as failed:
        return failed.code if str(path) in str(failed) else "a failure that names no file"
    await store.engine.log.close()
    return "ok"


async def test_only_the_owner_may_read_the_files(path: Path, store: Store) -> None:
    await store.append(event("a"))

    rights = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert set(rights) == {"b.db", "b.db-wal", "b.db-shm", "b.lock", "b.reserve"}
    assert set(rights.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_clean_end_leaves_nothing_in_the_wal(path: Path, store: Store) -> None:
    await store.append(event("a"))

    await store.engine.log.close()

    assert not Path(f"{path}-wal").exists() or Path(f"{path}-wal").stat().st_size == 0


async def test_every_commit_is_synced_in_full(store: Store) -> None:
    assert isinstance(store.engine, SqliteEngine)
    work = store.engine.log._partition.work

    pragmas = {
        name: await work(lambda connection, name=name: connection.pragma(name))  # type: ignore[misc]
        for name in ("synchronous", "journal_mode", "mmap_size", "foreign_keys", "page_size")
    }

    assert pragmas == {
        "synchronous": 2, "journal_mode": "wal", "mmap_size": 0, "foreign_keys": 1,
        "page_size": 8192,
    }  # fmt: skip


async def test_a_newer_schema_is_refused(path: Path) -> None:
    await filled(path)
    set_pragma(path, "user_version", 99)

    assert await open_code(path) == "schema-newer"


async def test_a_file_of_someone_else_is_refused(path: Path) -> None:
    path.parent.mkdir()
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()

    assert await open_code(path) == "not-headrace"


async def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"anything but a database " * 1000)

    assert await open_code(path) == "store-corrupt"
    assert path.read_bytes().startswith(b"anything")


def set_pragma(path: Path, name: str, value: int) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma(name, value)
    connection.close()


async def test_a_damaged_page_is_found_at_start(path: Path) -> None:
    await filled(path, commits=30)
    assert await open_code(path) == "ok"
    damage(path)

    assert await open_code(path) == "store-corrupt"


async def test_damage_of_a_large_file_is_found_while_it_runs(path: Path) -> None:
    await filled(path, commits=30)
    assert await open_code(path) == "ok"
    damage(path)
    options = small_options(quick_check_bytes=0, check_delay_seconds=0.0)
    store = Store(lambda clock: SqliteEngine(path, clock, options))
    await store.open()

    error: HeadraceError | None = None
    async with asyncio.timeout(60):
        while error is None:
            error = await store.checkpoint(Checkpoint())

    assert error.code == "store-corrupt"
    await store.engine.log.close()


async def test_a_check_that_was_in_the_way_can_be_closed_while_it_waits(path: Path) -> None:
    await filled(path, commits=30)
    options = small_options(quick_check_bytes=0, check_delay_seconds=0.0)
    store = Store(lambda clock: SqliteEngine(path, clock, options))
    await store.open()
    check = store.engine.log._partition._check  # type: ignore[union-attr]

    assert check is not None
    for _ in range(1_000):
        check.let_go()
    async with asyncio.timeout(60):
        await store.engine.log.close()

    assert await open_code(path) == "ok"


async def test_a_large_file_that_is_not_looked_through_yet_is_closed_at_once(path: Path) -> None:
    options = small_options(quick_check_bytes=0, check_delay_seconds=600.0)
    store = Store(lambda clock: SqliteEngine(path, clock, options))
    await store.open()

    async with asyncio.timeout(60):
        await store.engine.log.close()

    assert await open_code(path) == "ok"


def damage(path: Path) -> None:
    """Overwrite pages in the middle of a closed file."""
    content = bytearray(path.read_bytes())
    half = len(content) // 2 // 8192 * 8192
    content[half : half + 5 * 8192] = b"\xff" * (5 * 8192)
    path.write_bytes(content)


async def test_a_torn_wal_holds_the_last_commit_whole_or_not_at_all(path: Path) -> None:
    await filled(path)
    wal = Path(f"{path}-wal").read_bytes()
    last = len(wal) - 3 * FRAME_BYTES
    step = 7 if IS_LONG else 373

    counts = {left_after(path, wal[:end]) for end in range(last, len(wal), step)}

    assert counts == {40}
    assert left_after(path, wal) == 60


async def test_a_flipped_bit_in_the_wal_takes_whole_commits_only(path: Path) -> None:
    await filled(path)
    wal = Path(f"{path}-wal").read_bytes()
    random = Random(5)

    counts = set()
    for _ in range(1000 if IS_LONG else 60):
        flipped = bytearray(wal)
        flipped[random.randrange(len(wal) - 3 * FRAME_BYTES, len(wal))] ^= 1 << random.randrange(8)
        counts.add(left_after(path, bytes(flipped)))

    assert counts <= {40, 60}


def left_after(path: Path, wal: bytes) -> int:
    """How many events a copy with this WAL holds; the copy must be sound."""
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    Path(f"{copy}-wal").write_bytes(wal)
    connection = apsw.Connection(str(copy))
    count, last, sound = (
        connection.execute(sql).get
        for sql in (
            "SELECT count(*) FROM events",
            "SELECT max(offset) FROM events",
            "PRAGMA quick_check(1)",
        )
    )
    connection.close()
    assert sound == "ok"
    assert count == last
    return int(count)


async def test_a_file_moved_away_stops_the_partition(
    path: Path, store: Store, fatal: list[HeadraceError]
) -> None:
    await store.append(event("a"))
    path.rename(path.with_name("elsewhere.db"))

    with pytest.raises(StoreFailed) as refused:
        await store.engine.log.probe()
    append = await store.append(event("b"))

    assert refused.value.code == "store-moved"
    assert append.error is not None
    assert append.error.code == "store-moved"
    assert [error.code for error in fatal] == ["store-moved"]


async def test_a_row_that_cannot_be_written_fails_alone(store: Store) -> None:
    good = store.ask(event("good"))
    bad = store.ask(event("bad"), principal="\ud800")

    error = await store.checkpoint(Checkpoint(dead_letters=(letter("x"),), parked=(parked(1),)))

    assert (await good).error is None
    refused = (await bad).error
    assert refused is not None
    assert refused.code == "rows-refused"
    assert error is None
    assert await store.ids() == ["good"]


async def test_reading_before_opening_says_so(path: Path) -> None:
    engine = Store(lambda clock: SqliteEngine(path, clock)).engine

    with pytest.raises(StoreFailed) as refused:
        await engine.log.read(0, 1, 1)

    assert refused.value.code == "store-closed"
