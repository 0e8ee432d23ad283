"""A process that fills the small disk under its partition, and goes on when there is room.

`python -m tests.broker.storage.filling FOLDER`, where FOLDER is the mount of a few MiB.
Prints what it saw as one JSON object.
"""

import asyncio
import json
import sys
from pathlib import Path

from broker.clock import SteadyClock
from broker.errors import HeadraceError, StoreFull
from broker.storage.rows import Checkpoint, Counts
from broker.storage.sqlite.engine import SqliteEngine
from tests.contracts.store import Store, event, letter, small_options

A = "default/a"


async def fill(folder: Path) -> dict[str, object]:
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(3 << 20))
    options = small_options(reserve_bytes=1 << 20)
    path = folder / "b.db"
    store = Store(lambda _: SqliteEngine(path, SteadyClock(), options))
    await store.open()
    stored, refused = await append_until_refused(store)
    had_reserve = (folder / "b.reserve").exists()
    settled = await settle_some(store)
    probe, refusing = await probe_code(store), (await store.engine.log.sizes()).refusing
    while_full = await codes_while_full(store)
    ballast.unlink()
    waited_seconds = await wait_for_room(store)
    await store.engine.log.close()
    loaded = await Store(lambda _: SqliteEngine(path, SteadyClock(), options)).open()
    return {
        "stored": stored,
        "refused": refused,
        "had_reserve": had_reserve,
        "settled": settled,
        "probe": probe,
        "refusing": refusing,
        "while_full": sorted(while_full),
        "waited_seconds": waited_seconds,
        "last_offset": loaded.last_offset,
        "dead": loaded.counts[A].dead,
    }


async def append_until_refused(store: Store) -> tuple[int, str]:
    for number in range(10_000):
        append = await store.append(event(f"e-{number}", b"x" * 20_000))
        if append.error is not None:
            assert isinstance(append.error, StoreFull), append.error
            return number, append.error.code
    raise AssertionError("the disk is too large to be filled")


async def settle_some(store: Store) -> int:
    """Deliveries and dead letters go on from the reserve."""
    settled = 0
    for number in range(10):
        checkpoint = Checkpoint(
            routed=number, dead_letters=(letter(f"l-{number}"),), counts=(Counts(A, 1, dead=1),)
        )
        settled += await store.checkpoint(checkpoint) is None
    return settled


async def probe_code(store: Store) -> str | None:
    try:
        await store.engine.log.probe()
    except HeadraceError as refused:
        return refused.code
    return None


async def codes_while_full(store: Store) -> set[str]:
    """Over more than one try to get the reserve back: its own room is not space returning."""
    loop = asyncio.get_running_loop()
    end = loop.time() + 2.2
    codes = set()
    while loop.time() < end:
        error = (await store.append(event("while full"))).error
        codes.add(error.code if error else "taken")
        await asyncio.sleep(0.02)
    return codes


async def wait_for_room(store: Store) -> float:
    """Publishers try again, as told."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with asyncio.timeout(60):
        while (await store.append(event("again"))).error is not None:
            await asyncio.sleep(0.05)
    return loop.time() - begun


if __name__ == "__main__":
    print(json.dumps(asyncio.run(fill(Path(sys.argv[1])))))
