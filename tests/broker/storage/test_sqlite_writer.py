"""Group commits: what shares one, what ends one, and what holds back the WAL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from broker.event import Cause
from broker.storage.rows import Append, Checkpoint, Reply
from broker.storage.sqlite.engine import SqliteEngine
from broker.storage.sqlite.group import Group, PendingCheckpoint
from broker.storage.sqlite.inbox import Inbox
from broker.storage.sqlite.options import SqliteOptions
from tests.contracts.store import Store, event, small_options


def append(count: int, data: bytes = b"") -> Append:
    return Append([event(f"e-{n}", data) for n in range(count)], b"", lambda _: None)


def groups(*items: Append | PendingCheckpoint) -> list[Group]:
    inbox = Inbox(SqliteOptions())
    for item in items:
        inbox.put(item)
    inbox.wait(0)
    found = []
    while group := inbox.take_group():
        found.append(group)
    return found


def test_all_that_is_pending_is_one_group_in_order() -> None:
    items = [append(1) for _ in range(50)]

    (group,) = groups(*items)

    assert group.appends == items
    assert all(item.taken for item in items)


def test_a_group_ends_before_its_events_exceed_the_cap() -> None:
    found = groups(append(600), append(400), append(1), append(999))

    assert [len(group.appends) for group in found] == [2, 2]


def test_a_group_ends_before_its_bytes_exceed_the_cap() -> None:
    half = b"x" * 600_000

    found = groups(append(1, half), append(1, half), append(1))

    assert [len(group.appends) for group in found] == [1, 2]


def test_a_large_append_is_taken_whole_and_alone() -> None:
    found = groups(append(5000), append(1))

    assert [len(group.appends) for group in found] == [1, 1]


def test_replies_count_towards_the_cap_but_never_keep_appends_out() -> None:
    reply = Reply(event("r"), b"12345678", Cause(1, "default/a"))
    pending = PendingCheckpoint(Checkpoint(replies=(reply,) * 1000), lambda _: None)

    found = groups(append(1), append(1), pending)

    assert [(len(group.appends), bool(group.checkpoint)) for group in found] == [
        (1, True), (1, False),
    ]  # fmt: skip


async def test_what_gathers_during_a_commit_shares_the_next(store: Store) -> None:
    answers = [store.ask(event(f"e-{n}")) for n in range(300)]

    await asyncio.gather(*answers)

    assert store.engine.timings.rows.sum == 300
    assert sum(store.engine.timings.rows.counts) < 100


async def test_an_idle_writer_is_not_woken(store: Store) -> None:
    assert isinstance(store.engine, SqliteEngine)
    await store.append(event("a"))
    partition = store.engine.log._partition
    health = partition.writer.health

    def move_and_ask(_: apsw.Connection) -> float | None:
        health._wal.move()
        return health.timeout_seconds

    assert await partition.work(move_and_ask) is None


@pytest.fixture
async def narrow(path: Path) -> AsyncIterator[Store]:
    """A store whose WAL may hold back little before it stops taking events."""
    options = small_options(reserve_bytes=0, wal_move_bytes=100_000, wal_bytes_max=2_000_000)
    made = Store(lambda clock: SqliteEngine(path, clock, options))
    await made.open()
    yield made
    await made.engine.log.close()


async def test_the_wal_stays_short_while_nobody_holds_it(path: Path, narrow: Store) -> None:
    for number in range(60):
        await narrow.append(event(f"e-{number}", b"x" * 50_000))

    assert Path(f"{path}-wal").stat().st_size < 400_000


async def test_a_long_reader_stops_appends_until_it_ends(path: Path, narrow: Store) -> None:
    await narrow.append(event("first"))
    reader = apsw.Connection(str(path))
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM partition").fetchall()

    refused = await append_until_refused(narrow)
    settled = await narrow.checkpoint(Checkpoint(routed=1))
    reader.close(True)
    await append_until_taken(narrow)

    assert refused == "store-full"
    assert settled is None


async def test_a_long_reader_of_ours_lets_go_before_appends_stop(path: Path, narrow: Store) -> None:
    await narrow.append(event("first"))
    reader = apsw.Connection(str(path))
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM partition").fetchall()
    health = narrow.engine.log._partition.writer.health  # type: ignore[union-attr]
    health.on_held_back = lambda: reader.close(True)

    for number in range(100):
        taken = await narrow.append(event(f"e-{number}", b"x" * 50_000))
        assert taken.error is None

    assert Path(f"{path}-wal").stat().st_size < 1_000_000


async def append_until_refused(store: Store) -> str:
    for number in range(200):
        error = (await store.append(event(f"e-{number}", b"x" * 50_000))).error
        if error is not None:
            return error.code
    raise AssertionError("10 MB were taken")


async def append_until_taken(store: Store) -> None:
    async with asyncio.timeout(60):
        while (await store.append(event("again"))).error is not None:
            await asyncio.sleep(0.05)


async def test_another_writer_makes_a_commit_wait_and_then_fail(path: Path, store: Store) -> None:
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    busy = await store.append(event("a"))
    other.execute("ROLLBACK")
    other.close()
    after = await store.append(event("b"))

    assert busy.error is not None
    assert busy.error.code == "store-busy"
    assert after.error is None
    assert await store.ids() == ["b"]
