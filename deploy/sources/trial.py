"""Trying what sources are configured to connect to, before they run: `headrace check --connect`."""

from collections.abc import Callable, Iterable, Sequence

from deploy.trial import AT_ONCE_MAX, TRIAL_SECONDS_MAX, Check, Trial, try_each
from sources.kinds import make_source
from sources.source import Source, SourceSupplies
from sources.spec import SourceSpec

__all__ = ["AT_ONCE_MAX", "TRIAL_SECONDS_MAX", "Trial", "try_sources"]

REMEDY = "see that its origin is there and answers, and that nothing between holds it back"

Make = Callable[[SourceSpec, SourceSupplies], Source]


async def try_sources(
    specs: Iterable[SourceSpec],
    supplies: SourceSupplies,
    tell: Callable[[Trial], None],
    make: Make = make_source,
    seconds_max: float = TRIAL_SECONDS_MAX,
) -> Sequence[Trial]:
    """Try all, a few at a time, and `tell` of each as soon as it is known. Changes nothing."""

    def check_of(spec: SourceSpec) -> Check:
        async def check() -> str:
            return await make(spec, supplies).check()

        return check

    named = [(spec.name, check_of(spec)) for spec in specs]
    return await try_each(named, supplies.clock, tell, seconds_max, REMEDY)
