"""Trying the models that a configuration names, before they run: `headrace check --connect`."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from broker.clock import Clock
from deploy.trial import TRIAL_SECONDS_MAX, Check, Trial, try_each
from sinks.http_client import HttpClient
from sinks.inference_spec import InferenceSinkSpec
from sinks.kinds import Supplies, make_sink
from sinks.sink import Sink

REMEDY = "see that the server is there and answers, and that nothing between holds it back"


@runtime_checkable
class Checkable(Protocol):
    """A sink that can say more of what is there than that it answers."""

    async def check(self) -> str: ...


async def try_models(
    specs: Iterable[InferenceSinkSpec],
    clock: Clock,
    tell: Callable[[Trial], None],
    seconds_max: float = TRIAL_SECONDS_MAX,
) -> Sequence[Trial]:
    """Ask each model whether it is there and takes what `input` makes; load those of a file.

    A few at a time, and `tell` of each as soon as it is known. No event is sent, but a sleeping
    model may wake.
    """
    client = HttpClient(clock)
    named = [(spec.name, _check_of(spec, Supplies(clock, client))) for spec in specs]
    try:
        return await try_each(named, clock, tell, seconds_max, REMEDY)
    finally:
        await client.close()


def _check_of(spec: InferenceSinkSpec, supplies: Supplies) -> Check:
    async def check() -> str:
        sink = make_sink(spec, supplies)
        try:
            found = await sink.check() if isinstance(sink, Checkable) else await _opened(sink)
        finally:
            await sink.close()
        return found + await _overflow_of(spec)

    return check


async def _overflow_of(spec: InferenceSinkSpec) -> str:
    """Whether large replies could be stored; nothing where they are not."""
    if spec.reply.overflow is None:
        return ""
    from sinks.inference.overflow_place import OverflowPlace

    await asyncio.to_thread(OverflowPlace(spec.reply.overflow).check)
    return ", large replies can be stored"


async def _opened(sink: Sink) -> str:
    await sink.open()
    return "it can be opened"
