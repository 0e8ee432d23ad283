"""What `headrace check --connect` does and says: a line for each source, and for each model."""

import asyncio
import random
from collections.abc import Iterable, Mapping

from broker.clock import SteadyClock
from deploy.cli.client import printable
from deploy.models.trial import try_models
from deploy.sources.trial import try_sources
from deploy.trial import Trial
from sinks.inference_spec import InferenceSinkSpec
from sinks.spec import SinkSpec
from sources.source import SourceSupplies
from sources.spec import SourceSpec


def connect_all(
    sources: Iterable[SourceSpec], sinks: Iterable[SinkSpec], variables: Mapping[str, str]
) -> bool:
    """Whether every source could run and every model is there; what came of each is printed.

    Plain HTTP subscribers are not tried: whatever is sent to them is an event.
    """
    models = [spec for spec in sinks if isinstance(spec, InferenceSinkSpec)]
    return asyncio.run(_try(sources, models, variables))


async def _try(
    sources: Iterable[SourceSpec],
    models: Iterable[InferenceSinkSpec],
    variables: Mapping[str, str],
) -> bool:
    clock = SteadyClock()
    chance = random.Random().random  # noqa: S311 - jitter, no secret
    supplies = SourceSupplies(clock, chance, variables)
    trials = [
        *await try_sources(sources, supplies, lambda trial: _say("source", trial)),
        *await try_models(models, clock, lambda trial: _say("sink", trial)),
    ]
    return all(trial.failure is None for trial in trials)


def _say(noun: str, trial: Trial) -> None:
    print(printable(f"{noun} {trial.name}  {_result(trial)}"), flush=True)


def _result(trial: Trial) -> str:
    failure = trial.failure
    if failure is None:
        return f"ok: {trial.found}"
    return f"wrong: {failure.what}" + (f"; {failure.remedy}" if failure.remedy else "")
