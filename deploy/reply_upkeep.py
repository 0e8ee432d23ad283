"""Large replies that are kept beside the log are removed when they are old (`overflowMaxAge`)."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from broker.errors import HeadraceError
from deploy.running import Running
from sinks.inference_spec import InferenceSinkSpec, OverflowSpec

EVERY_SECONDS = 3_600.0
AT_ONCE_MAX = 1_000  # the end of the process waits for what is under way
ROUNDS_MAX = 10  # of a place; the rest is left to the next hour


async def age_replies(running: Running) -> None:
    """Once an hour, beginning with the process."""
    while True:
        await remove_old(running)
        await asyncio.sleep(EVERY_SECONDS)


async def remove_old(running: Running) -> None:
    """What cannot be removed is told, and tried again the next time."""
    now = running.clock.now()
    for name, overflow, seconds in places(running):
        before = now - timedelta(seconds=seconds)
        removed = 0
        try:
            for _ in range(ROUNDS_MAX):
                found = await asyncio.to_thread(_remove_older, overflow, before)
                removed += found
                if found < AT_ONCE_MAX:
                    break
        except HeadraceError as error:
            running.telemetry.emit("overflow.left", sink=name, error=str(error))
        if removed:
            running.telemetry.emit("overflow.removed", sink=name, count=removed)


def places(running: Running) -> Iterable[tuple[str, OverflowSpec, float]]:
    """Each place with a bound to the age of what it keeps: which sink has it, and that bound.

    Also of sinks that no trigger has: redrives go there. Those of triggers may be removed already.
    """
    lanes = [lane for each in running.brokers.values() for lane in each.partition.lanes.values()]
    sinks = [*running.configuration.sinks.values(), *(lane.spec.sink for lane in lanes)]
    specs = {sink.name: sink for sink in sinks if isinstance(sink, InferenceSinkSpec)}
    for name, spec in specs.items():
        overflow = spec.reply.overflow
        if overflow is not None and overflow.age_max_seconds is not None:
            yield name, overflow, overflow.age_max_seconds


def _remove_older(overflow: OverflowSpec, before: datetime) -> int:
    from sinks.inference.overflow_place import OverflowPlace  # few have one

    return OverflowPlace(overflow).remove_older(before, AT_ONCE_MAX)
