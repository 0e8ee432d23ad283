"""`python -m tests.bench.run`: measure headrace beside the reference, workload by workload.

Rounds are interleaved: in each, every workload runs all its variants one after the other, in
an order that rotates, so that a ratio is taken within seconds. Exit 1 if an event was lost or
doubled, or a law is broken (with --smoke: if a ratio to the reference fell by a third).
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from tests.bench.bench import Bench
from tests.bench.figures import Figures, Run, summarise
from tests.bench.laws import judge
from tests.bench.machine import (
    LOAD_CORE,
    describe_machine,
    fsync_p50_us,
    has_two_cores,
    load_average,
)
from tests.bench.program import ROOT, BenchFailed
from tests.bench.report import markdown, number, write_json
from tests.bench.smoke import (
    find_dearer_questions,
    find_falls,
    read_events_a_question,
    read_expected,
)
from tests.bench.workloads import SMOKE, WORKLOADS, find_faults


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    names = (
        options.names.split(",") if options.names else list(SMOKE if options.smoke else WORKLOADS)
    )
    if unknown := [name for name in names if name not in WORKLOADS]:
        print(f"no workload {unknown}; there are {', '.join(WORKLOADS)}", file=sys.stderr)
        return 2
    out = Path(options.out).resolve()
    scratch = out / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    bench = _bench(options, scratch)
    if bench.has_cores:
        os.sched_setaffinity(0, {LOAD_CORE})
    else:
        print("fewer than two cores: broker and load share one, ratios only", file=sys.stderr)
    print(f"seed {bench.seed}", file=sys.stderr)
    try:
        runs = run_rounds(bench, names, options.rounds or (2 if options.smoke else 3))
    except BenchFailed as failed:
        print(f"bench: {failed}", file=sys.stderr)
        return 1
    return _conclude(runs, out, is_smoke=options.smoke)


def run_rounds(bench: Bench, names: Sequence[str], rounds: int) -> list[Run]:
    """All runs of all rounds, printed as they end."""
    runs: list[Run] = []
    most = max(rounds, *(WORKLOADS[name].rounds_min for name in names))
    for round_number in range(most):
        for name in names:
            workload = WORKLOADS[name]
            if round_number >= max(rounds, workload.rounds_min):
                continue
            variants = workload.short_variants if bench.is_short else workload.variants
            turn = round_number % len(variants)
            for variant in variants[turn:] + variants[:turn]:
                bench.seed += 1
                figures = _run(workload.run(bench, variant))
                figures["fsync_p50_us"] = fsync_p50_us(bench.folder)
                figures["load_average"] = load_average()
                run = Run(name, variant, round_number, figures, find_faults(name, figures))
                runs.append(run)
                print(_line(run), file=sys.stderr, flush=True)
    return runs


def _run(measuring: Coroutine[Any, Any, Figures]) -> Figures:
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(measuring)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(measuring)


def _line(run: Run) -> str:
    shown = " ".join(f"{name}={number(value)}" for name, value in run.figures.items())
    faults = "; ".join(run.faults)
    return f"{run.number} {run.workload} [{run.variant}] {shown}" + (
        f" FAULTS {faults}" * bool(faults)
    )


def _conclude(runs: list[Run], out: Path, is_smoke: bool) -> int:
    rows = summarise(runs)
    verdicts = judge(runs, rows)
    machine = describe_machine()
    write_json(out / "result.json", machine, runs, rows, verdicts)
    table = markdown(machine, runs, rows, verdicts)
    (out / "table.md").write_text(table)
    print(table)
    wrong = [f"{run.workload}, {run.variant}: {fault}" for run in runs for fault in run.faults]
    if is_smoke:
        wrong += find_falls(runs, read_expected())
        wrong += find_dearer_questions(runs, read_events_a_question())
    else:
        wrong += [
            f"{v.workload}: {v.claim} is {number(v.value)}, the limit {number(v.limit)}"
            for v in verdicts
            if v.is_law and not v.holds
        ]
    for line in wrong:
        print(f"bench: {line}", file=sys.stderr)
    return 1 if wrong else 0


def _bench(options: argparse.Namespace, scratch: Path) -> Bench:
    return Bench(
        folder=scratch,
        seconds=options.seconds or (3.0 if options.smoke else 5.0),
        soak_seconds=options.soak_seconds,
        backlog_events=options.backlog_events,
        model_events=options.model_events or (10_000 if options.smoke else 60_000),
        file_rows=options.file_rows or (50_000 if options.smoke else 1_000_000),
        seed=options.seed,
        has_cores=has_two_cores(),
        uses_tools=not options.smoke,
        is_short=options.smoke,
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.run", description=__doc__)
    parser.add_argument("--names", help=f"some of {', '.join(WORKLOADS)}")
    parser.add_argument("--rounds", type=int, help="of each workload (default 3, smoke 2)")
    parser.add_argument("--seconds", type=float, help="of one run (default 5, smoke 3)")
    parser.add_argument("--soak-seconds", type=float, default=20.0)
    parser.add_argument("--backlog-events", type=int, default=300_000)
    parser.add_argument("--model-events", type=int, help="default 60,000, smoke 10,000")
    parser.add_argument("--file-rows", type=int, help="default 1,000,000, smoke 50,000")
    parser.add_argument("--seed", type=int, default=1, help="of the times of kills")
    parser.add_argument("--out", default=str(ROOT / "build" / "bench"))
    parser.add_argument("--smoke", action="store_true", help="short, without wrk and nginx")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
