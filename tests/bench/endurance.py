"""Workloads that go on: a long backlog, kill -9 again and again, a soak."""

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.bench import Bench, Shape
from tests.bench.figures import Figures
from tests.bench.latency import measure_at_rate
from tests.bench.load import until
from tests.bench.machine import cpu_seconds, resident_mb
from tests.bench.meter import Meter
from tests.bench.session import Session, calibrate, session
from tests.bench.sink import Manner

SLICES = 12
EDGE_SLICES = 3
SAMPLE_SECONDS = 0.02
KILLS = 4
# What a crash may carry again: the promise is 50 ms of deliveries and the calls in flight,
# but by the clock of a machine that others use as well everything takes longer.
REPEATED_SECONDS_MAX = 0.2
CALLS_IN_FLIGHT_MAX = 32
SOAK_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    cpu_seconds: float
    count: int
    rss_mb: float


async def backlog(bench: Bench, kind: str, shape: Shape) -> Figures:
    """Take `bench.backlog_events` while the sink answers nothing, then let them go."""
    wanted = bench.backlog_events
    async with session(bench, kind, shape, [Manner.PAUSED]) as running:
        ledger = running.ledger
        meter = Meter(running.program.pid)
        running.load.run_closed(events_max=wanted)
        accepting = await _watch(running, lambda: ledger.accepted, wanted, bench)
        await running.load.stop()
        running.sinks.resume()
        draining = await _watch(running, lambda: ledger.deliveries, ledger.accepted, bench)
        await running.settle(bench.patience_seconds)
        meter.read()
        resident = [sample.rss_mb for sample in accepting + draining]
        return {
            **meter.figures(ledger.accepted, ledger.deliveries),
            **running.figures(),
            **_edges("accept", accepting),
            **_edges("drain", draining),
            "rss_growth_mb": max(resident) - resident[0],
        }


async def _watch(
    running: Session, count: Callable[[], int], wanted: int, bench: Bench
) -> list[Sample]:
    """Samples at about every twelfth of the way, the first after one, so warmed up."""
    samples: list[Sample] = []
    for number in range(1, SLICES + 1):
        goal = wanted * number // SLICES
        await until(lambda goal=goal: count() >= goal, bench.patience_seconds, SAMPLE_SECONDS)  # type: ignore[misc]
        pid = running.program.pid
        samples.append(Sample(time.monotonic(), cpu_seconds(pid), count(), resident_mb(pid)))
    return samples


def _edges(verb: str, samples: list[Sample]) -> Figures:
    """Rates of the first and of the last slices, by the clock and by the broker's CPU."""
    steps = list(itertools.pairwise(samples))
    wall = [(b.count - a.count) / max(b.at - a.at, 1e-9) for a, b in steps]
    cpu = [(b.count - a.count) / max(b.cpu_seconds - a.cpu_seconds, 1e-9) for a, b in steps]
    first, last = slice(0, EDGE_SLICES), slice(-EDGE_SLICES, None)
    return {
        f"{verb}_first_per_second": statistics.median(wall[first]),
        f"{verb}_last_per_second": statistics.median(wall[last]),
        f"{verb}_first_per_cpu_second": statistics.median(cpu[first]),
        f"{verb}_last_per_cpu_second": statistics.median(cpu[last]),
    }


async def kill9(bench: Bench, kind: str, shape: Shape) -> Figures:
    """A closed loop through several kills, each at a time of chance (`bench.seed`)."""
    chance = random.Random(bench.seed)
    async with session(bench, kind, shape) as running:
        restarts: list[float] = []
        working_seconds = 0.0
        running.load.run_closed()
        for _ in range(KILLS):
            seconds = chance.uniform(0.5, 1.5) * bench.seconds / KILLS
            await asyncio.sleep(seconds)
            working_seconds += seconds
            running.program.kill()
            begun = time.perf_counter()
            await asyncio.to_thread(running.program.start)
            restarts.append((time.perf_counter() - begun) * 1e3)
        await asyncio.sleep(bench.seconds / KILLS)
        await running.load.stop()
        await running.settle(bench.patience_seconds)
        rate = running.ledger.accepted / (working_seconds + bench.seconds / KILLS)
        bound = KILLS * (REPEATED_SECONDS_MAX * rate + CALLS_IN_FLIGHT_MAX)
        return {
            **running.figures(),
            "kills": KILLS,
            "restart_p50_ms": statistics.median(restarts),
            "duplicates_max": bound,
        }


async def soak(bench: Bench, kind: str, shape: Shape) -> Figures:
    """Half load for `bench.soak_seconds`: does memory settle, does anything drift?"""
    full = await calibrate(bench, kind, shape, f"{shape.matching}")
    async with session(bench, kind, shape) as running:
        resident: list[float] = []
        watching = asyncio.create_task(_watch_memory(running, resident))
        longer = Bench(bench.folder, bench.soak_seconds, patience_seconds=bench.patience_seconds)
        figures = await measure_at_rate(longer, running, full * SOAK_SHARE)
        watching.cancel()
        half = resident[len(resident) // 2 :]
        return {**figures, "rss_growth_late_mb": max(half) - half[0]}


async def _watch_memory(running: Session, resident: list[float]) -> None:
    while True:
        resident.append(resident_mb(running.program.pid))
        await asyncio.sleep(0.2)
