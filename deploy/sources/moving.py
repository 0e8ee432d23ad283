"""A source that gets another broker takes its records along, or it would begin anew.

Copied whole, then a mark in the old broker says so, then they are removed there: whatever
ends in between, the next start goes on, and never copies over what is newer.
"""

import asyncio
from collections.abc import Iterable, Sequence

from broker.errors import HeadraceError
from broker.storage.rows import Append, Record
from deploy.running import RunningBroker
from deploy.sources.outlet import prefix_of
from deploy.sources.pauses import key_of
from sources.spec import SourceSpec

LEFT_PREFIX = "source-left/"
PAGE_RECORDS = 500


async def bring_records(
    spec: SourceSpec, home: RunningBroker, brokers: Iterable[RunningBroker]
) -> None:
    """Let `home` have what another of `brokers` keeps for a source that does not run now."""
    for other in brokers:
        if other is home:
            continue
        mark = LEFT_PREFIX + spec.name
        if await other.engine.records.get(mark) is None:
            if not await _copy(spec, other, home):
                continue
            await write(other, [Record(mark, b"")])
        await _remove(spec, other)
        await write(other, [Record(mark, None)])


async def _copy(spec: SourceSpec, other: RunningBroker, home: RunningBroker) -> bool:
    """Whether there was anything."""
    is_any = False
    for prefix in _prefixes(spec):
        after = ""
        while page := await other.engine.records.scan(prefix, after, PAGE_RECORDS):
            await write(home, [Record(key, value) for key, value, _ in page])
            after, is_any = page[-1][0], True
    return is_any


async def _remove(spec: SourceSpec, other: RunningBroker) -> None:
    for prefix in _prefixes(spec):
        while page := await other.engine.records.scan(prefix, "", PAGE_RECORDS):
            await write(other, [Record(key, None) for key, _, _ in page])


def _prefixes(spec: SourceSpec) -> Sequence[str]:
    return prefix_of(spec), key_of(spec.name)


async def write(broker: RunningBroker, records: Sequence[Record]) -> None:
    """Store `records` without any event; raises what kept the store from it."""
    done: asyncio.Future[HeadraceError | None] = asyncio.get_running_loop().create_future()
    broker.engine.log.append(
        Append((), b"", lambda append: done.set_result(append.error), records=records)
    )
    error = await done
    if error is not None:
        raise error
