"""What is kept of a bench: a JSON with every run, a Markdown table with the medians."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from tests.bench.bench import HEADRACE, REFERENCE
from tests.bench.figures import Row, Run, ratio
from tests.bench.laws import Verdict

COLUMNS = {
    "events_per_second": "events/s",
    "deliveries_per_second": "deliveries/s",
    "cpu_us_per_event": "CPU µs/event",
    "broker_cores": "cores",
    "ack_p50_ms": "ack p50 ms",
    "ack_p99_ms": "ack p99 ms",
    "e2e_p50_ms": "e2e p50 ms",
    "e2e_p99_ms": "e2e p99 ms",
    "rss_mb": "RSS MB",
    "accepted": "accepted",
    "lost": "lost",
    "duplicates": "duplicates",
    "fsync_p50_us": "fsync p50 µs",
    "load_average": "load",
}


def write_json(
    path: Path,
    machine: dict[str, object],
    runs: Sequence[Run],
    rows: Sequence[Row],
    verdicts: Sequence[Verdict],
) -> None:
    document = {
        "machine": machine,
        "rows": [_named(row.workload, row.variant, row.figures, rounds=row.rounds) for row in rows],
        "verdicts": [
            {"workload": v.workload, "claim": v.claim, "value": v.value, "limit": v.limit,
             "holds": v.holds, "law": v.is_law}
            for v in verdicts
        ],
        "runs": [
            _named(run.workload, run.variant, run.figures, round=run.number, faults=run.faults)
            for run in runs
        ],
    }  # fmt: skip
    path.write_text(json.dumps(document, indent=1) + "\n")


def _named(
    workload: str, variant: str, figures: dict[str, float], **more: object
) -> dict[str, object]:
    known = {name: None if math.isnan(value) else value for name, value in figures.items()}
    return {"workload": workload, "variant": variant, **more, **known}


def markdown(
    machine: dict[str, object],
    runs: Sequence[Run],
    rows: Sequence[Row],
    verdicts: Sequence[Verdict],
) -> str:
    """Three tables: the figures, what only some workloads have, and the verdicts."""
    parts = [
        "# Bench",
        "; ".join(f"{name}: {value}" for name, value in machine.items()),
        "Medians over interleaved rounds; counts are sums. CPU and memory are the broker's.",
        _table(
            ["workload", "variant", "rounds", "× reference", "× by CPU", *COLUMNS.values()],
            [_cells(row, runs) for row in rows],
        ),
        _table(["workload", "variant", "figure", "value"], _rare(rows)),
        _table(
            ["workload", "claim", "value", "limit", "kind", "holds"],
            [_verdict_cells(verdict) for verdict in verdicts],
        ),
    ]
    faults = [f"- {r.workload}, {r.variant}, round {r.number}: {f}" for r in runs for f in r.faults]
    return "\n\n".join([*parts, "\n".join(faults)] if faults else parts) + "\n"


def against_reference(runs: Sequence[Run], workload: str) -> tuple[float | None, float | None]:
    """Times the reference: by events per second, and by events per second of CPU."""
    by_clock = ratio(runs, workload, HEADRACE, REFERENCE, lambda f: f.get("events_per_second", 0.0))
    by_cpu = ratio(runs, workload, REFERENCE, HEADRACE, lambda f: f.get("cpu_us_per_event", 0.0))
    return by_clock, by_cpu


def _cells(row: Row, runs: Sequence[Run]) -> list[str]:
    ratios: tuple[float | None, float | None] = (None, None)
    if row.variant == HEADRACE:
        ratios = against_reference(runs, row.workload)
    figures = [row.figures.get(name) for name in COLUMNS]
    return [
        row.workload, row.variant, str(row.rounds),
        *(number(value) for value in ratios), *(number(value) for value in figures),
    ]  # fmt: skip


def _rare(rows: Sequence[Row]) -> list[list[str]]:
    return [
        [row.workload, row.variant, name, number(value)]
        for row in rows
        for name, value in row.figures.items()
        if name not in COLUMNS and name not in {"deliveries", "strays", "refused", "unanswered"}
    ]


def _verdict_cells(verdict: Verdict) -> list[str]:
    sign = "≥" if verdict.is_floor else "≤"
    return [
        verdict.workload, verdict.claim, number(verdict.value), f"{sign} {number(verdict.limit)}",
        "law" if verdict.is_law else "target", "yes" if verdict.holds else "**no**",
    ]  # fmt: skip


def number(value: float | None) -> str:
    """A figure with as many digits as one can trust."""
    if value is None or math.isnan(value):
        return "-"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
