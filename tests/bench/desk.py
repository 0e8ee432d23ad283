"""The dead-letter desk while events go through the broker: how fast it answers, what it costs.

One operator asks all kinds of questions in turn, some a second; publishers keep their rate.
"""

import asyncio
import gc
import json
import random
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.admin import start_whole
from tests.bench.bench import HEADRACE, Bench, Shape
from tests.bench.configuration import plan_triggers
from tests.bench.desk_operator import Operator
from tests.bench.desk_questions import ask
from tests.bench.desk_windows import Windows, ratio_of
from tests.bench.figures import Figures
from tests.bench.large_desk import LARGE_GROUPS, fill_desk
from tests.bench.latency import COLD_STARTS, first_accepted_at
from tests.bench.ledger import Ledger
from tests.bench.load import OPEN_LOOP_CONNECTIONS, Load
from tests.bench.machine import peak_resident_mb, resident_mb
from tests.bench.meter import Meter
from tests.bench.program import BenchFailed, Program
from tests.bench.session import Session, calibrate
from tests.bench.sink import Manner, Sinks

LETTERS = {"10,000 dead letters": 10_000, "1,000,000 dead letters": 1_000_000}
EVENTS_PER_SECOND_MAX = 5_000.0
CAPACITY_SHARE = 0.8  # of what it can take here and now, where that is less
ROUNDS = 6  # without and with the operator, in turn
SHORT_ROUNDS = 2
SHORT_STARTS = 2
PLANS, SHORT_PLANS = 2, 1
PLAN_PAUSE_SECONDS = 3.0  # before each
UNWANTED = "com.example.bench.opening"  # no trigger wants it


async def desk(bench: Bench, variant: str) -> Figures:
    """Opening, the operator beside the load, and plans of all that is dead."""
    capacity = await calibrate(bench, HEADRACE, Shape(), "1")
    rate = min(EVENTS_PER_SECOND_MAX, CAPACITY_SHARE * capacity)
    with bench.scratch() as folder:
        async with _desk(bench, folder) as running:
            before = await asyncio.to_thread(_open_often, bench, running.program)
            letters = LETTERS[variant]
            store = folder / "data" / "default" / "default.db"
            begun = time.monotonic()
            await asyncio.to_thread(fill_desk, store, letters, bench.seed)
            filled_seconds = time.monotonic() - begun
            after = await asyncio.to_thread(_open_often, bench, running.program)
            await asyncio.to_thread(start_whole, running.program)
            measured = await _under_load(bench, running, letters, rate)
            return {
                "carried_per_second": capacity,
                "filling_seconds": filled_seconds,
                "store_mb": store.stat().st_size / 1e6,
                "first_accepted_empty_ms": before,
                "first_accepted_ms": after,
                "first_accepted_ratio": after / before,
                **measured,
            }


@asynccontextmanager
async def _desk(bench: Bench, folder: Path) -> AsyncIterator[Session]:
    """A sink that takes all, a load and a program with a trigger for each; none is started."""
    ledger = Ledger(1)
    sinks = Sinks(ledger, [Manner.GOOD])
    await sinks.listen()
    triggers = plan_triggers(1 + LARGE_GROUPS, 1, sinks.uri(0))
    program = bench.program(HEADRACE, folder, triggers)
    load = Load(ledger, program.port)
    gc.collect()
    gc.disable()
    try:
        yield Session(program, ledger, sinks, load, frozenset({0}))
    finally:
        gc.enable()
        load.close()
        await asyncio.to_thread(program.stop)
        sinks.close()


def _open_often(bench: Bench, program: Program) -> float:
    """The median of some starts, each to its first 202, in milliseconds."""
    took: list[float] = []
    for _ in range(SHORT_STARTS if bench.is_short else COLD_STARTS):
        begun = time.perf_counter()
        program.spawn()
        took.append(first_accepted_at(program, UNWANTED) - begun)
        program.stop()
    return statistics.median(took) * 1e3


async def _under_load(bench: Bench, running: Session, letters: int, rate: float) -> Figures:
    load, ledger = running.load, running.ledger
    opened_mb = resident_mb(running.program.pid)
    await load.connect(OPEN_LOOP_CONNECTIONS)
    load.run_at(rate)
    await asyncio.sleep(bench.warmup_seconds)
    ledger.begin_timing()
    meter, before = Meter(running.program.pid), (ledger.accepted, ledger.deliveries)
    operator = Operator(running.program, letters, random.Random(bench.seed))
    asked = await _ask(bench, running, operator)
    meter.read()
    measured = meter.figures(ledger.accepted - before[0], ledger.deliveries - before[1])
    planned = await _plan(bench, running, letters)
    ledger.end_timing()
    await load.stop()
    await running.settle(bench.patience_seconds)
    running.program.check_alive()
    return {
        **measured,
        **running.figures(),
        "opened_rss_mb": opened_mb,
        "offered_per_second": rate,
        **asked,
        **operator.figures(),
        **planned,
    }


async def _ask(bench: Bench, running: Session, operator: Operator) -> Figures:
    """Publishers alone and beside the operator, in turn."""
    alone, asked = Windows(), Windows()
    for _ in range(SHORT_ROUNDS if bench.is_short else ROUNDS):
        await alone.watch(running, asyncio.ensure_future(asyncio.sleep(bench.seconds)))
        working = asyncio.create_task(operator.work())
        await asked.watch(running, asyncio.ensure_future(asyncio.sleep(bench.seconds)))
        operator.rest()
        await working
    cpu_us = asked.cpu_seconds * 1e6 - asked.events * alone.cpu_us_per_event
    return {
        "ack_p99_alone_ms": alone.p99_ms,
        "ack_p99_asked_ms": asked.p99_ms,
        "ack_p99_ratio": ratio_of(asked, alone),
        "question_cpu_ms": cpu_us / operator.asked / 1e3,
        "question_cpu_events": cpu_us / operator.asked / alone.cpu_us_per_event,
    }


async def _plan(bench: Bench, running: Session, letters: int) -> Figures:
    """Plans to redrive all that is dead, made beside the load."""
    program = running.program
    held_mb, seconds = resident_mb(program.pid), list[float]()
    alone, planning = Windows(), Windows()
    for _ in range(SHORT_PLANS if bench.is_short else PLANS):
        await alone.watch(running, asyncio.ensure_future(asyncio.sleep(PLAN_PAUSE_SECONDS)))
        begun = time.monotonic()
        making = asyncio.create_task(_make_plan(program))
        await planning.watch(running, making)
        count = await making
        seconds.append(time.monotonic() - begun)
        if not 0 < count <= letters:
            raise BenchFailed(f"the plan is about {count} of {letters} dead letters")
    return {
        "plan_seconds": statistics.median(seconds),
        "planned": count,
        "planned_per_second": count / statistics.median(seconds),
        "plan_growth_mb": max(0.0, peak_resident_mb(program.pid) - held_mb),
        "ack_p99_planning_ms": planning.p99_ms,
        "ack_p99_planning_ratio": ratio_of(planning, alone),
    }


async def _make_plan(program: Program) -> int:
    assert program.admin_port is not None, "headrace has one"
    body = json.dumps({"verb": "redrive", "where": "TRUE"}).encode()
    plan = json.loads(await ask(program.admin_port, "POST", "/api/v1/dead-letters/plans", body))
    return int(plan["count"])
