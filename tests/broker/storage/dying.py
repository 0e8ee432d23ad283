"""A process that works on a partition until an armed failpoint ends it.

`python -m tests.broker.storage.dying DATABASE POINT HITS` prints what it was answered.
"""

import asyncio
import sys
from pathlib import Path

from broker.clock import SteadyClock
from broker.event import Cause
from broker.failpoint import arm
from broker.storage.rows import Checkpoint, Counts, Place, Reply
from broker.storage.sqlite.engine import SqliteEngine
from tests.contracts.store import Store, event, letter, parked, small_options

A = "default/a"


def settle(number: int) -> Checkpoint:
    """Round n parks pair n, gives up pair n - 1 and brings a reply."""
    gone = number - 1
    return Checkpoint(
        routed=number,
        parked=(parked(number),),
        unparked=(Place(A, gone),),
        dead_letters=(letter(f"l-{gone}"),) if gone else (),
        replies=(Reply(event(f"r-{number}"), b"12345678", Cause(number, A)),),
        counts=(Counts(A, matched=1, dead=1 if gone else 0),),
    )


async def work(path: Path) -> None:
    options = small_options(wal_move_bytes=100_000)
    store = Store(lambda _: SqliteEngine(path, SteadyClock(), options))
    await store.open()
    for number in range(1, 40):
        append = await store.append(event(f"a-{number}"), event(f"b-{number}", b"x" * 2000))
        say("stored", append.stored[-1].offset)
        assert await store.checkpoint(settle(number)) is None
        say("routed", number)
        if number > 30:
            await store.engine.log.prune(number - 30)
    await store.engine.log.close()


def say(what: str, number: int) -> None:
    """In one write: another thread may end the process between two."""
    sys.stdout.write(f"{what} {number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    arm(sys.argv[2], int(sys.argv[3]))
    asyncio.run(work(Path(sys.argv[1])))
