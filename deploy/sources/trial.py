"""Trying what sources are configured to connect to, before they run: `headrace check --connect`."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from broker.clock import Clock
from deploy.sources.supervisor import Failure, failure_of
from sources.kinds import make_source
from sources.source import Source, SourceSupplies
from sources.spec import SourceSpec

AT_ONCE_MAX = 8
TRIAL_SECONDS_MAX = 15.0

Make = Callable[[SourceSpec, SourceSupplies], Source]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one source; `failure` None: `found` says what answers."""

    name: str
    found: str
    failure: Failure | None = None


async def try_sources(
    specs: Iterable[SourceSpec],
    supplies: SourceSupplies,
    tell: Callable[[Trial], None],
    make: Make = make_source,
    seconds_max: float = TRIAL_SECONDS_MAX,
) -> Sequence[Trial]:
    """Try all, AT_ONCE_MAX at a time, and `tell` of each by name as soon as it is known.

    Changes nothing anywhere. One that takes longer than `seconds_max` has failed.
    """
    places = asyncio.Semaphore(AT_ONCE_MAX)

    async def try_in_turn(spec: SourceSpec) -> Trial:
        async with places:
            return await try_source(spec, supplies, make, seconds_max)

    trials = []
    async with asyncio.TaskGroup() as group:
        by_name = sorted(specs, key=lambda spec: spec.name)
        for task in [group.create_task(try_in_turn(spec)) for spec in by_name]:
            trials.append(await task)
            tell(trials[-1])
    return trials


async def try_source(
    spec: SourceSpec, supplies: SourceSupplies, make: Make, seconds_max: float
) -> Trial:
    """One source, made and asked to check itself."""
    try:
        async with asyncio.timeout(seconds_max) as bound:
            return Trial(spec.name, await make(spec, supplies).check())
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are tried
        if bound.expired():
            return Trial(spec.name, "", _late(supplies.clock, seconds_max))
        return Trial(spec.name, "", failure_of(error, supplies.clock.now()))


def _late(clock: Clock, seconds_max: float) -> Failure:
    remedy = "see that its origin is there and answers, and that nothing between holds it back"
    return Failure(clock.now(), "timeout", f"nothing answered within {seconds_max:g} s", remedy)
