"""What `headrace check --connect` does and says: a line for each source."""

import asyncio
import random
from collections.abc import Iterable, Mapping

from broker.clock import SteadyClock
from deploy.cli.client import printable
from deploy.sources.trial import Trial, try_sources
from sources.source import SourceSupplies
from sources.spec import SourceSpec


def connect_all(specs: Iterable[SourceSpec], variables: Mapping[str, str]) -> bool:
    """Whether every source could run; what came of each is printed."""
    chance = random.Random().random  # noqa: S311 - jitter, no secret
    supplies = SourceSupplies(SteadyClock(), chance, variables)
    trials = asyncio.run(try_sources(specs, supplies, _say))
    return all(trial.failure is None for trial in trials)


def _say(trial: Trial) -> None:
    print(printable(f"source {trial.name}  {_result(trial)}"), flush=True)


def _result(trial: Trial) -> str:
    failure = trial.failure
    if failure is None:
        return f"ok: {trial.found}"
    return f"wrong: {failure.what}" + (f"; {failure.remedy}" if failure.remedy else "")
