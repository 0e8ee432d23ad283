"""One owner per partition: a second is turned away, a past one changes nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from broker.errors import HeadraceError, StoreOwned
from broker.storage.rows import Checkpoint
from broker.storage.sqlite.engine import SqliteEngine
from tests.contracts.store import OwnClock, Store, event, small_options

OWNER = """
import asyncio, sys
from pathlib import Path
from broker.clock import SteadyClock
from broker.storage.sqlite.engine import SqliteEngine

async def own() -> None:
    await SqliteEngine(Path(sys.argv[1]), SteadyClock()).log.open(lambda stored: None)
    print("owned", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(own())
"""


def sqlite(path: Path, fatal: list[HeadraceError] | None = None) -> Store:
    on_fatal = None if fatal is None else fatal.append
    return Store(lambda clock: SqliteEngine(path, clock, small_options(on_fatal=on_fatal)))


async def test_a_second_process_is_turned_away_by_name_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    command = [sys.executable, "-c", OWNER, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "owned\n"

        with pytest.raises(StoreOwned) as refused:
            await sqlite(path).open()

        owner.kill()
    assert str(owner.pid) in str(refused.value)
    assert refused.value.remedy


async def test_a_partition_can_be_owned_after_its_owner_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        owner.kill()

    store = sqlite(path)
    loaded = await store.open()
    await store.engine.log.close()

    assert loaded.owner_epoch == 2
    assert len(loaded.unclean_ends) == 1


async def test_a_second_engine_is_turned_away(tmp_path: Path) -> None:
    first = sqlite(tmp_path / "b.db")
    await first.open()

    with pytest.raises(StoreOwned):
        await sqlite(tmp_path / "b.db").open()

    assert (await first.append(event("a"))).error is None
    await first.engine.log.close()


async def test_a_past_owner_changes_nothing(tmp_path: Path) -> None:
    fatal: list[HeadraceError] = []
    past, present = sqlite(tmp_path / "b.db", fatal), sqlite(tmp_path / "b.db")
    await past.open()
    (tmp_path / "b.lock").unlink()
    await present.open()
    await present.append(event("mine"))

    append = await past.append(event("yours"))
    error = await past.checkpoint(Checkpoint(routed=99))

    assert append.error is not None
    assert error is not None
    assert [append.error.code, error.code] == ["fenced", "fenced"]
    assert [one.code for one in fatal] == ["fenced"]
    assert await present.ids() == ["mine"]
    await past.engine.log.close()
    assert (await present.reopen()).routed == 0
    await present.engine.log.close()


@pytest.mark.parametrize("write", ["checkpoint", "prune", "probe", "expire"])
async def test_every_write_of_a_past_owner_is_fenced(tmp_path: Path, write: str) -> None:
    past, present = sqlite(tmp_path / "b.db"), sqlite(tmp_path / "b.db")
    await past.open()
    await past.append(event("a"), event("b"))
    (tmp_path / "b.lock").unlink()
    await present.open()

    code = await refusal_of(past, write)

    assert code == "fenced"
    assert await present.ids() == ["a", "b"]
    for store in (past, present):
        await store.engine.log.close()


async def refusal_of(store: Store, write: str) -> str | None:
    """The code with which one kind of write fails."""
    try:
        match write:
            case "checkpoint":
                error = await store.checkpoint(Checkpoint(routed=5))
                return error.code if error else None
            case "prune":
                await store.engine.log.prune(1)
            case "probe":
                await store.engine.log.probe()
            case _:
                await store.engine.desk.expire(OwnClock().now())
    except HeadraceError as refused:
        return refused.code
    return None


async def test_a_past_owner_does_not_end_cleanly(tmp_path: Path) -> None:
    past, present = sqlite(tmp_path / "b.db"), sqlite(tmp_path / "b.db")
    await past.open()
    (tmp_path / "b.lock").unlink()
    await present.open()

    await past.engine.log.close()

    assert len((await present.crash()).unclean_ends) == 2
    await present.engine.log.close()
