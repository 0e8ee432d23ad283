"""The figures of runs: percentiles of one, medians and ratios of many."""

import statistics
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

Figures = dict[str, float]

# Those that add up over rounds; of all others the median counts.
COUNTS = frozenset(
    {"accepted", "deliveries", "lost", "duplicates", "strays", "refused", "unanswered", "kills"}
)


@dataclass(slots=True)
class Run:
    """One measured run of one variant of a workload; `faults` are broken promises."""

    workload: str
    variant: str
    number: int
    figures: Figures
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """All rounds of one variant together."""

    workload: str
    variant: str
    rounds: int
    figures: Figures


def percentile_ms(durations_ns: "array[int]", share: float) -> float:
    """A percentile in milliseconds, NaN where nothing was measured."""
    if not durations_ns:
        return float("nan")
    ordered = sorted(durations_ns)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e6


def summarise(runs: Iterable[Run]) -> list[Row]:
    """One row per workload and variant, in the order of their first runs."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.workload, run.variant), []).append(run)
    return [
        Row(workload, variant, len(group), _together([run.figures for run in group]))
        for (workload, variant), group in groups.items()
    ]


def _together(rounds: Sequence[Figures]) -> Figures:
    names = dict.fromkeys(name for figures in rounds for name in figures)
    return {
        name: (sum if name in COUNTS else statistics.median)(
            [figures[name] for figures in rounds if name in figures]
        )
        for name in names
    }


def ratio(
    runs: Iterable[Run],
    workload: str,
    variant: str,
    to: str,
    figure: Callable[[Figures], float],
) -> float | None:
    """The median over rounds of one variant's figure divided by the other's of the same round.

    None where no round has both. Two runs of one round are seconds apart, so what the rest
    of the machine does falls out of the ratio.
    """
    by_variant: dict[str, dict[int, float]] = {variant: {}, to: {}}
    for run in runs:
        if run.workload == workload and run.variant in by_variant:
            by_variant[run.variant][run.number] = figure(run.figures)
    mine, other = by_variant[variant], by_variant[to]
    ratios = [mine[number] / other[number] for number in mine if other.get(number)]
    return statistics.median(ratios) if ratios else None
