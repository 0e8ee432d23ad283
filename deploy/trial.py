"""Trying what a configuration names, before it runs: `headrace check --connect`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from broker.clock import Clock
from deploy.sources.supervisor import Failure, failure_of

AT_ONCE_MAX = 8
TRIAL_SECONDS_MAX = 15.0

Check = Callable[[], Awaitable[str]]
"""Gives a sentence of what answers; raises what is wrong."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one; `failure` None: `found` says what answers."""

    name: str
    found: str
    failure: Failure | None = None


async def try_each(
    named: Iterable[tuple[str, Check]],
    clock: Clock,
    tell: Callable[[Trial], None],
    seconds_max: float,
    remedy: str,
) -> Sequence[Trial]:
    """Try all, AT_ONCE_MAX at a time, and `tell` of each by name as soon as it is known.

    One that takes longer than `seconds_max` has failed, with `remedy`.
    """
    places = asyncio.Semaphore(AT_ONCE_MAX)

    async def try_in_turn(name: str, check: Check) -> Trial:
        async with places:
            return await _try_one(name, check, clock, seconds_max, remedy)

    trials = []
    async with asyncio.TaskGroup() as group:
        by_name = sorted(named, key=lambda one: one[0])
        for task in [group.create_task(try_in_turn(*one)) for one in by_name]:
            trials.append(await task)
            tell(trials[-1])
    return trials


async def _try_one(name: str, check: Check, clock: Clock, seconds_max: float, remedy: str) -> Trial:
    try:
        async with asyncio.timeout(seconds_max) as bound:
            return Trial(name, await check())
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are tried
        now = clock.now()
        if bound.expired():
            what = f"nothing answered within {seconds_max:g} s"
            return Trial(name, "", Failure(now, "timeout", what, remedy))
        return Trial(name, "", failure_of(error, now))
