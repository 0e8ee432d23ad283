"""What the figures must show: laws, which are ratios of one run, and targets of this machine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.adversity import ALONE, BESIDE_BAD
from tests.bench.bench import HEADRACE, REFERENCE
from tests.bench.figures import Figures, Row, Run, ratio
from tests.bench.workloads import FEW, MANY


@dataclass(frozen=True, slots=True)
class Verdict:
    """One claim against its limit; a missed target is told, a broken law fails the bench."""

    workload: str
    claim: str
    value: float
    limit: float
    is_floor: bool  # the value must reach the limit, else stay within it
    is_law: bool

    @property
    def holds(self) -> bool:
        return self.value >= self.limit if self.is_floor else self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of one variant of a workload, on one core of the kind of machine that we have."""

    workload: str
    figure: str
    limit: float
    is_floor: bool
    is_law: bool = False
    variant: str = HEADRACE


TARGETS = (
    Target("ingest-1", "events_per_second", 25_000, True),
    Target("ingest-1", "ack_p99_ms", 15, False),
    Target("ingest-batch", "events_per_second", 200_000, True),
    Target("e2e-1", "events_per_second", 20_000, True),
    Target("e2e-low", "e2e_p99_ms", 5, False),
    Target("e2e-low", "broker_cores", 0.2, False),
    Target("fanout", "deliveries_per_second", 60_000, True),
    Target("backlog", "rss_growth_mb", 50, False, is_law=True),
    Target("cold", "first_accepted_ms", 300, False),
    Target("cold", "all_ready_ms", 1000, False),
    Target("cold", "rss_mb", 130, False),
    Target("why", "why_p50_ms", 100, False, is_law=True),
    Target("why", "why_p99_ms", 100, False),
    Target("source-kafka", "events_per_second", 10_000, True, is_law=True),
    Target("file-job", "peak_rss_mb", 200, False, is_law=True),
    Target("slow-disk", "events_per_second", 8_000, True, is_law=True),
)

DESK_ANSWERED_MS = {"10,000 dead letters": 200.0, "1,000,000 dead letters": 1_000.0}
DESK_TARGETS = tuple(
    target
    for variant, answered_ms in DESK_ANSWERED_MS.items()
    for target in (
        *(
            Target("desk", f"{asked}_p99_ms", answered_ms, False, asked != "rows", variant)
            for asked in ("list", "query", "rows", "groups", "pages")
        ),
        Target("desk", "ack_p99_ratio", 2.0, False, True, variant),
        Target("desk", "ack_p99_planning_ratio", 2.0, False, True, variant),
        Target("desk", "first_accepted_ratio", 1.2, False, False, variant),
    )
)


def judge(runs: Sequence[Run], rows: Iterable[Row]) -> list[Verdict]:
    """All claims that these runs can answer."""
    by_place = {(row.workload, row.variant): row.figures for row in rows}
    verdicts = list(_ratios(runs))
    backlog = by_place.get(("backlog", HEADRACE))
    if backlog:
        verdicts += _backlog(backlog)
    for target in (*TARGETS, *DESK_TARGETS):
        figures = by_place.get((target.workload, target.variant), {})
        if target.figure in figures:
            verdicts.append(_of_target(target, figures[target.figure]))
    return verdicts


def _of_target(target: Target, value: float) -> Verdict:
    claim = target.figure if target.variant == HEADRACE else f"{target.figure}, {target.variant}"
    return Verdict(target.workload, claim, value, target.limit, target.is_floor, target.is_law)


def _ratios(runs: Sequence[Run]) -> Iterable[Verdict]:
    """Claims about two variants of one workload, the median over rounds of their ratio."""
    few, many = str(FEW), str(MANY)
    for workload, claim, variant, to, figure, limit, is_floor in (
        ("e2e-1", "events/s, times the reference", HEADRACE, REFERENCE, "events_per_second",
         2.0, True),
        ("triggers", "CPU per event, 10,000 to 10 exact triggers", f"exact {many}", f"exact {few}",
         "cpu_us_per_event", 1.2, False),
        ("triggers", "CPU per event, 10,000 to 10 prefix triggers", f"prefix {many}",
         f"prefix {few}", "cpu_us_per_event", 1.2, False),
        ("onnx-backlog", "events/s, times the reference", HEADRACE, REFERENCE, "events_per_second",
         2.0, True),
        ("file-job", "rows/s, times a plain script", HEADRACE, REFERENCE, "events_per_second",
         0.5, True),
        ("kserve-batch", "events/s, in batches to one by one", "batched", "one-by-one",
         "events_per_second", 20.0, True),
        ("bad-sink", "CPU per answered call, beside bad ones to alone", BESIDE_BAD, ALONE,
         "cpu_us_per_call", 1.1, False),
        ("bad-sink", "end-to-end p99 of good sinks, beside bad ones to alone", BESIDE_BAD, ALONE,
         "e2e_p99_ms", 2.0, False),
    ):  # fmt: skip
        value = ratio(runs, workload, variant, to, lambda figures, name=figure: figures[name])  # type: ignore[misc]
        if value is not None:
            yield Verdict(workload, claim, value, limit, is_floor, is_law=True)


def _backlog(figures: Figures) -> list[Verdict]:
    """The last slices against the first ones, per second of the broker's CPU.

    By the clock they are in the table; beside noisy neighbours only the CPU's can be judged.
    """
    return [
        Verdict(
            "backlog",
            f"{verb} rate, last quarter to first",
            figures[f"{verb}_last_per_cpu_second"] / figures[f"{verb}_first_per_cpu_second"],
            0.9,
            is_floor=True,
            is_law=True,
        )
        for verb in ("accept", "drain")
    ]
