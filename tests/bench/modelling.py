"""A backlog for a real model: how much faster is it in batches than one event a call?

20,000 small events are taken while the trigger is paused; then it is let go. `one-by-one` each
call waits for the one before, `one-a-call` many are under way; of both the first seconds tell the
rate, for the whole would take a minute.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.admin import PATIENCE_SECONDS, ask_admin, await_admin
from tests.bench.bench import HEADRACE, Bench
from tests.bench.configuration import append_resources
from tests.bench.figures import Figures
from tests.bench.held_backlog import TRIGGER, count_delivered, paused_trigger, publish_all, resume
from tests.bench.meter import Meter
from tests.bench.program import BenchFailed, Program
from tests.faults.export import export
from tests.servers.flowers import FLOWERS
from tests.servers.kserve import KServe, find_kserve

EVENTS = 20_000
ONE_BY_ONE, ONE_A_CALL, BATCHED = "one-by-one", "one-a-call", "batched"
ALONE = {"batch": {"maxRecords": 1}}
SPECS: Mapping[str, Mapping[str, Any]] = {
    ONE_BY_ONE: {**ALONE, "limits": {"initialInFlight": 1, "maxInFlight": 1}},
    ONE_A_CALL: ALONE,  # and as many calls at once as the sink finds good
    BATCHED: {"batch": {"maxRecords": 512}},
}
ONE_BY_ONE_SECONDS = 10.0
POLL_SECONDS = 0.1  # a look costs the broker some milliseconds


async def kserve_batch(bench: Bench, variant: str) -> Figures:
    """Let the backlog go, and see how fast it is answered; every reply is stored."""
    with bench.scratch() as folder:
        server = await asyncio.to_thread(find_kserve, folder)
        program = bench.program(HEADRACE, folder, [])
        _configure(folder, server, SPECS[variant])
        try:
            await asyncio.to_thread(server.start)
            program.start()
            events = (_event(number) for number in range(EVENTS))
            await asyncio.to_thread(publish_all, program.port, events)
            figures = await asyncio.to_thread(_let_go, program, variant == BATCHED)
        finally:
            program.stop()
            server.close()
        stored = await export(folder / "data" / "default" / "default.db")
    answered_at = [one.stored_at for one in stored.events if one.event.type == "classified"]
    figures["events_per_second"] = _rate([at.timestamp() for at in answered_at])
    causes = [one.event.attributes["causeid"] for one in stored.events if "causeid" in
              one.event.attributes]  # fmt: skip
    lost = EVENTS - len(set(causes)) if variant == BATCHED else 0
    return {**figures, "lost": lost, "duplicates": len(causes) - len(set(causes))}


def _configure(folder: Path, server: KServe, spec: Mapping[str, Any]) -> None:
    model = {
        "protocol": "v1",
        "server": "kserve",
        "url": server.url,
        "model": server.model,
        "reply": {"type": "classified"},
        **spec,
    }
    resources = (
        ("InferenceSink", "iris", model),
        ("Trigger", TRIGGER, paused_trigger("measured", "iris")),
    )
    append_resources(folder / "headrace.yaml", resources)


def _event(number: int) -> Mapping[str, Any]:
    core = {"specversion": "1.0", "id": str(number), "source": "/bench", "type": "measured"}
    data = FLOWERS[number % len(FLOWERS)]
    return {**core, "datacontenttype": "application/json", "data": data}


def _let_go(program: Program, is_whole: bool) -> Figures:
    """From the moment of the resume until all is delivered, or until the rate is known."""
    await_admin(program)
    meter = Meter(program.pid)
    resume(program)
    began, delivered = time.monotonic(), 0
    end = began + (PATIENCE_SECONDS if is_whole else ONE_BY_ONE_SECONDS)
    while delivered < EVENTS and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
        program.check_alive()
        delivered = count_delivered(program)
    if is_whole and delivered < EVENTS:
        raise BenchFailed(f"{delivered} of {EVENTS} delivered after {PATIENCE_SECONDS:g} s")
    meter.read()
    (shown,) = ask_admin(program, "GET", "/api/v1/sink?name=iris")["model"]["variants"]
    return {
        **meter.figures(delivered, delivered),
        "records_a_call": shown["records_mean"],
        "records_limit": shown["records_limit"],
        "call_mean_ms": 1e3 * shown["seconds_mean"],
    }


def _rate(times: Sequence[float]) -> float:
    """Replies a second, from the first commit of some to the last."""
    later = [time for time in times if time > times[0]]
    return len(later) / (times[-1] - times[0]) if later else 0.0
