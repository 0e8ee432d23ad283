"""Looking into a long log while nothing else happens: how fast is the story of one event told?"""

import asyncio
import random
import time
from array import array
from collections.abc import Iterator

from tests.bench.admin import ask_admin, start_whole
from tests.bench.bench import HEADRACE, Bench
from tests.bench.configuration import plan_triggers
from tests.bench.figures import Figures, percentile_ms
from tests.bench.large_log import event_id, fill_log
from tests.bench.machine import resident_mb
from tests.bench.program import BenchFailed, Program

LOG_EVENTS = 1_000_000
TRIGGERS = {HEADRACE: 10, "10,000 triggers": 10_000}
QUESTIONS = 60
UNREACHABLE = "http://127.0.0.1:30009/"  # nobody is called: all is delivered


async def why(bench: Bench, variant: str) -> Figures:
    """Of the variant's triggers one matches every event."""
    with bench.scratch() as folder:
        triggers = plan_triggers(TRIGGERS[variant], 1, UNREACHABLE)
        program = bench.program(HEADRACE, folder, triggers)
        start_whole(program)
        program.stop()
        store = folder / "data" / "default" / "default.db"
        fill_log(store, LOG_EVENTS, "default/bench-0")
        start_whole(program)
        try:
            return await asyncio.to_thread(_ask, program, random.Random(bench.seed))
        finally:
            program.stop()


def _ask(program: Program, chance: random.Random) -> Figures:
    took = {"by_id": array("q"), "by_offset": array("q")}
    first_ns = 0
    for number, (kind, offset, path) in enumerate(_questions(chance)):
        begun = time.perf_counter_ns()
        story = ask_admin(program, "GET", path)
        spent = time.perf_counter_ns() - begun
        if story["event"]["offset"] != offset or story["matched"] != 1:
            raise BenchFailed(f"{path} told of {story['event']}, {story['matched']} matched")
        first_ns = first_ns or spent
        if number:
            took[kind].append(spent)
    both = took["by_id"] + took["by_offset"]
    return {
        "why_first_ms": first_ns / 1e6,
        "why_p50_ms": percentile_ms(both, 0.5),
        "why_p99_ms": percentile_ms(both, 0.99),
        "by_id_p50_ms": percentile_ms(took["by_id"], 0.5),
        "by_offset_p50_ms": percentile_ms(took["by_offset"], 0.5),
        "rss_mb": resident_mb(program.pid),
    }


def _questions(chance: random.Random) -> Iterator[tuple[str, int, str]]:
    """Offsets from all over the log, by id and by offset in turn."""
    for _ in range(QUESTIONS):
        offset = chance.randint(1, LOG_EVENTS)
        yield "by_id", offset, f"/api/v1/events/{event_id(offset)}/why"
        yield "by_offset", offset, f"/api/v1/events/-/why?offset={offset}"
