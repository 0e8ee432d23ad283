"""Events that come by themselves: how fast is what already waits taken, how late is what comes?

`source-*` fill the real server, start headrace and let it take all; then things happen one
by one, and how long each takes until it is stored is measured at the store.
"""

import asyncio
import json
import time
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol

from broker.event import Event, StoredEvent
from tests.bench.bench import HEADRACE, Bench
from tests.bench.figures import Figures, percentile_ms
from tests.bench.meter import Meter
from tests.bench.program import BenchFailed, Program, is_listening
from tests.faults.export import export

LIVE_COUNT = 300
LIVE_SECONDS = 0.005  # between two
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.02


class Filled(Protocol):
    """A real server with things in it, and a source `default/bench` that looks at them."""

    count: int

    def document(self) -> Mapping[str, Any]: ...

    def variables(self) -> Mapping[str, str]: ...

    async def fill(self) -> None:
        """Let `count` things be there before headrace is."""
        ...

    async def happen(self, number: int) -> str:
        """One more thing; gives its label when the server has said that it has it."""
        ...

    def label_of(self, event: Event) -> str: ...

    async def rest(self) -> None:
        """Let go of what is open on the loop."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What happened live, by label: when it was done, in wall seconds."""

    done_at: Mapping[str, float]


async def source(bench: Bench, kind: str) -> Figures:
    """Take what is there, then follow what happens."""
    # Imported here, so that the other workloads need no clients of servers.
    from tests.bench import filled

    kinds: Mapping[str, Callable[[Path], Filled]] = {
        "kafka": filled.FilledKafka,
        "s3": filled.FilledBucket,
        "api": filled.FilledApiServer,
    }
    make = kinds[kind]
    with bench.scratch() as folder:
        origin = await asyncio.to_thread(make, folder)
        try:
            await origin.fill()
            program = _program(bench, folder, origin)
            program.start()
            try:
                figures = await asyncio.to_thread(_take, program, origin.count)
                live = await _follow(program, origin)
            finally:
                program.stop()
        finally:
            await origin.rest()
            origin.close()
        stored = (await export(folder / "data" / "default" / "default.db")).events
    return figures | _judged(stored, origin, live)


def _program(bench: Bench, folder: Path, origin: Filled) -> Program:
    program = bench.program(HEADRACE, folder, [], variables=origin.variables())
    with (folder / "headrace.yaml").open("a") as configuration:
        configuration.write(f"---\n{json.dumps(origin.document())}\n")
    return program


def _take(program: Program, count: int) -> Figures:
    """Wait until `count` are stored; the rate counts from the first that was seen."""
    assert program.admin_port is not None, "headrace has one"
    meter, first_at, first = Meter(program.pid), 0.0, 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (events := _events(program)) < count:
        if events and not first_at:
            first_at, first = time.monotonic(), events
        if time.monotonic() > deadline:
            raise BenchFailed(f"{events} of {count} events after {PATIENCE_SECONDS:g} s")
        time.sleep(POLL_SECONDS)
    meter.read()
    figures = meter.figures(count, 0)
    if first_at:
        figures["events_per_second"] = (events - first) / (time.monotonic() - first_at)
    return figures


def _events(program: Program) -> int:
    """How many the source has had stored; 0 while the admin listener is not there."""
    if program.admin_port is None or not is_listening(program.admin_port):
        program.check_alive()
        return 0
    connection = HTTPConnection("127.0.0.1", program.admin_port, timeout=10)
    try:
        connection.request("GET", "/api/v1/sources/default/bench")
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    return int(json.loads(content)["events"]) if answer.status == 200 else 0


async def _follow(program: Program, origin: Filled) -> Taken:
    done_at: dict[str, float] = {}
    for number in range(LIVE_COUNT):
        label = await origin.happen(number)
        done_at[label] = time.time()
        await asyncio.sleep(LIVE_SECONDS)
    await asyncio.to_thread(_take, program, origin.count + LIVE_COUNT)
    return Taken(done_at)


def _judged(stored: Sequence[StoredEvent], origin: Filled, live: Taken) -> Figures:
    """How late the live ones were, and whether all are there once."""
    late_ns = array("q")
    counts = Counter(origin.label_of(one.event) for one in stored)
    for one in stored:
        done_at = live.done_at.get(origin.label_of(one.event))
        if done_at is not None:
            late_ns.append(round((one.stored_at.timestamp() - done_at) * 1e9))
    return {
        "e2e_p50_ms": percentile_ms(late_ns, 0.5),
        "e2e_p99_ms": percentile_ms(late_ns, 0.99),
        "lost": origin.count + LIVE_COUNT - len(counts),
        "duplicates": counts.total() - len(counts),
    }
