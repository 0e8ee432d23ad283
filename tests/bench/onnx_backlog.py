"""A backlog for a model in the process: headrace beside the reference with the same model.

So many events are stored first; then both are let go. They are done when every prediction is
stored as an event and its cause is settled. The reference calls a server of the model, as brokers
do; that server has the core of the load. One variant runs the model in the reference's own loop,
which is shown and judged by nothing: with a slower model it would keep its publishers waiting.
"""

import asyncio
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw
import orjson

from tests.bench.admin import PATIENCE_SECONDS, ask_json, await_admin
from tests.bench.bench import HEADRACE, REFERENCE, Bench
from tests.bench.configuration import append_resources
from tests.bench.figures import Figures
from tests.bench.held_backlog import TRIGGER, count_delivered, paused_trigger, publish_all, resume
from tests.bench.machine import LOAD_CORE
from tests.bench.meter import Meter
from tests.bench.model_server import COLUMNS
from tests.bench.program import ROOT, BenchFailed, Program, free_port
from tests.bench.reference_model import CLASSIFIED, IN_LOOP, MEASURED, SERVER
from tests.faults.export import export

MODEL = ROOT / "deploy" / "examples" / "iris.onnx"
POLL_SECONDS = 0.05
SINK = {
    "protocol": "onnx",
    "url": f"file://{MODEL}",
    "model": "iris",
    "input": {"columns": {"names": list(COLUMNS), "tensor": "measures", "datatype": "FP32"}},
    "output": {"take": "tensors", "mergeUnder": "prediction"},
    "reply": {"type": CLASSIFIED},
}


async def onnx_backlog(bench: Bench, kind: str) -> Figures:
    """Store the backlog, let it go, and see what was stored of it."""
    with bench.scratch() as folder:
        programs = _programs(bench, folder, kind)
        program = programs[-1]
        events = flowers(bench.model_events, bench.seed)
        try:
            for each in programs:
                await asyncio.to_thread(each.start)
            await asyncio.to_thread(publish_all, program.port, events)
            figures = await asyncio.to_thread(_let_go, program, bench.model_events)
        finally:
            for each in reversed(programs):
                each.stop()
        causes = await (_stored if kind == HEADRACE else _stored_by_reference)(folder)
    predicted = len(set(causes))
    return {
        **figures,
        "lost": bench.model_events - predicted,
        "duplicates": len(causes) - predicted,
    }


def flowers(count: int, seed: int) -> Iterator[Mapping[str, Any]]:
    """Events with measures of chance, in tenths of a centimetre."""
    chance = random.Random(seed)
    core = {"specversion": "1.0", "source": "/bench", "type": MEASURED}
    for number in range(count):
        data = {name: chance.randrange(1, 80) / 10 for name in COLUMNS}
        yield {**core, "id": str(number), "datacontenttype": "application/json", "data": data}


def _programs(bench: Bench, folder: Path, kind: str) -> list[Program]:
    """In the order in which they start: the broker is the last."""
    if kind == HEADRACE:
        return [_headrace(bench, folder)]
    if kind != REFERENCE:
        return [_reference(bench, folder, [IN_LOOP, str(MODEL)])]
    server = _model_server(bench, folder)
    return [server, _reference(bench, folder, [SERVER, f"http://127.0.0.1:{server.port}/"])]


def _headrace(bench: Bench, folder: Path) -> Program:
    program = bench.program(HEADRACE, folder, [])
    resources = [
        ("InferenceSink", "iris", SINK),
        ("Trigger", TRIGGER, paused_trigger(MEASURED, "iris")),
    ]
    append_resources(folder / "headrace.yaml", resources)
    return program


def _reference(bench: Bench, folder: Path, model: Sequence[str]) -> Program:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.reference_model", str(port)]
    command += [str(folder / "events.db"), *model]
    return Program(command, port, folder / "program.log", bench.cores())


def _model_server(bench: Bench, folder: Path) -> Program:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.model_server", str(port), str(MODEL)]
    return Program(
        command, port, folder / "server.log", str(LOAD_CORE) if bench.has_cores else None
    )


def _let_go(program: Program, events: int) -> Figures:
    """From the moment of the resume until each of `events` is predicted and stored."""
    is_reference = program.admin_port is None
    if not is_reference:
        await_admin(program)
    meter, delivered = Meter(program.pid), 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    ask_json(program.port, "POST", "/resume", {}) if is_reference else resume(program)
    while delivered < events:
        if time.monotonic() > deadline:
            raise BenchFailed(f"{delivered} of {events} delivered after {PATIENCE_SECONDS:g} s")
        time.sleep(POLL_SECONDS)
        program.check_alive()
        delivered = _count_by_reference(program) if is_reference else count_delivered(program)
    meter.read()
    return meter.figures(delivered, delivered)


def _count_by_reference(program: Program) -> int:
    return int(ask_json(program.port, "GET", "/")["delivered"])


async def _stored(folder: Path) -> list[str]:
    """The cause of each reply in headrace's store."""
    found = await export(folder / "data" / "default" / "default.db")
    replies = [one.event for one in found.events if one.event.type == CLASSIFIED]
    return [reply.attributes["causeid"] for reply in replies]


async def _stored_by_reference(folder: Path) -> list[str]:
    connection = apsw.Connection(str(folder / "events.db"))
    heads = [orjson.loads(head) for (head,) in connection.execute("SELECT head FROM events")]
    connection.close()
    return [head["causeid"] for head in heads if head["type"] == CLASSIFIED]
