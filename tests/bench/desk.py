"""The dead-letter desk while events go through the broker: how fast it answers, what it costs.

One operator asks all kinds of questions in turn, some a second; publishers keep their rate.
"""

import asyncio
import gc
import json
import random
import statistics
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.bench import HEADRACE, Bench, Shape
from tests.bench.configuration import plan_triggers
from tests.bench.desk_questions import KINDS, ask, questions
from tests.bench.figures import Figures, percentile_ms
from tests.bench.large_desk import LARGE_GROUPS, fill_desk
from tests.bench.latency import COLD_STARTS, first_accepted_at
from tests.bench.ledger import Ledger
from tests.bench.load import OPEN_LOOP_CONNECTIONS, Load
from tests.bench.looking import start_whole
from tests.bench.machine import peak_resident_mb, resident_mb
from tests.bench.meter import Meter
from tests.bench.program import BenchFailed, Program
from tests.bench.session import Session, calibrate
from tests.bench.sink import Manner, Sinks

LETTERS = {"10,000 dead letters": 10_000, "1,000,000 dead letters": 1_000_000}
EVENTS_PER_SECOND_MAX = 5_000.0
CAPACITY_SHARE = 0.6  # of what it can take here and now, where that is less
ROUNDS = 4  # without and with the operator, in turn
WINDOW_SECONDS = 0.5
QUESTION_SECONDS = 0.1  # from one to the next, unless it takes longer
UNWANTED = "com.example.bench.opening"  # no trigger wants it


async def desk(bench: Bench, variant: str) -> Figures:
    """Opening, the operator beside the load, and a plan of all that is dead."""
    capacity = await calibrate(bench, HEADRACE, Shape(), "1")
    rate = min(EVENTS_PER_SECOND_MAX, CAPACITY_SHARE * capacity)
    with bench.scratch() as folder:
        async with _desk(bench, folder) as running:
            before = await asyncio.to_thread(_open_often, running.program)
            letters = LETTERS[variant]
            store = folder / "data" / "default" / "default.db"
            begun = time.monotonic()
            await asyncio.to_thread(fill_desk, store, letters, bench.seed)
            filled_seconds = time.monotonic() - begun
            after = await asyncio.to_thread(_open_often, running.program)
            await asyncio.to_thread(start_whole, running.program)
            measured = await _under_load(bench, running, letters, rate)
            return {
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


def _open_often(program: Program) -> float:
    """The median of some starts, each to its first 202, in milliseconds."""
    took: list[float] = []
    for _ in range(COLD_STARTS):
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
    quiet, asked = list[float](), list[float]()
    for _ in range(ROUNDS):
        quiet += await _windows(ledger, bench.seconds)
        working = asyncio.create_task(operator.work())
        asked += await _windows(ledger, bench.seconds)
        operator.rest()
        await working
    meter.read()
    measured = meter.figures(ledger.accepted - before[0], ledger.deliveries - before[1])
    planned = await _plan(running, letters)
    ledger.end_timing()
    await load.stop()
    await running.settle(bench.patience_seconds)
    running.program.check_alive()
    return {
        **measured,
        **running.figures(),
        "opened_rss_mb": opened_mb,
        "offered_per_second": rate,
        "ack_p99_alone_ms": statistics.median(quiet),
        "ack_p99_asked_ms": statistics.median(asked),
        "ack_p99_ratio": statistics.median(asked) / statistics.median(quiet),
        **operator.figures(),
        **planned,
    }


async def _windows(ledger: Ledger, seconds: float) -> list[float]:
    """Publishers' p99 of each window in milliseconds: what else the machine does spoils a few."""
    found: list[float] = []
    begun, first = time.monotonic(), len(ledger.ack_ns)
    while len(found) < max(1, int(seconds / WINDOW_SECONDS)):
        until = begun + (len(found) + 1) * WINDOW_SECONDS
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        found.append(percentile_ms(ledger.ack_ns[first:], 0.99))
        first = len(ledger.ack_ns)
    return found


class Operator:
    """Asks one question after the other, each kind as often as the others."""

    def __init__(self, program: Program, letters: int, chance: random.Random) -> None:
        assert program.admin_port is not None, "headrace has one"
        self._port = program.admin_port
        self._questions = questions(letters, chance)
        self._is_working = False
        self._took = {name: array("q") for kinds in KINDS.values() for name in kinds}

    async def work(self) -> None:
        """Until told to rest; what is asked then is still answered. Raises BenchFailed."""
        self._is_working = True
        while self._is_working:
            begun = time.monotonic()
            await self.ask_one()
            await asyncio.sleep(max(0.0, begun + QUESTION_SECONDS - time.monotonic()))

    async def ask_one(self) -> None:
        name, path = next(self._questions)
        begun = time.perf_counter_ns()
        await ask(self._port, "GET", path)
        self._took[name].append(time.perf_counter_ns() - begun)

    def rest(self) -> None:
        self._is_working = False

    def figures(self) -> Figures:
        """Of each class p50 and p99, and of each kind p50 and the worst."""
        found: Figures = {}
        for group, kinds in KINDS.items():
            took = array("q", (one for name in kinds for one in self._took[name]))
            found[f"{group}_asked"] = len(took)
            found[f"{group}_p50_ms"] = percentile_ms(took, 0.5)
            found[f"{group}_p99_ms"] = percentile_ms(took, 0.99)
        for name, each in self._took.items():
            found[f"{name}_median_ms"] = percentile_ms(each, 0.5)
            found[f"{name}_worst_ms"] = percentile_ms(each, 1.0)
        return found


async def _plan(running: Session, letters: int) -> Figures:
    """A plan to redrive all that is dead, made beside the load."""
    program, ledger = running.program, running.ledger
    assert program.admin_port is not None, "headrace has one"
    held_mb, first = resident_mb(program.pid), len(ledger.ack_ns)
    begun = time.monotonic()
    body = json.dumps({"verb": "redrive", "where": "TRUE"}).encode()
    plan = json.loads(await ask(program.admin_port, "POST", "/api/v1/dead-letters/plans", body))
    seconds = time.monotonic() - begun
    if not 0 < plan["count"] <= letters:
        raise BenchFailed(f"the plan is about {plan['count']} of {letters} dead letters")
    return {
        "plan_seconds": seconds,
        "planned": plan["count"],
        "planned_per_second": plan["count"] / seconds,
        "plan_growth_mb": max(0.0, peak_resident_mb(program.pid) - held_mb),
        "ack_p99_planning_ms": percentile_ms(ledger.ack_ns[first:], 0.99),
    }
