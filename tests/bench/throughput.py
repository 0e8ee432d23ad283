"""Workloads where only throughput counts: a closed loop, and all that was taken delivered."""

import asyncio
import itertools
import time

from tests.bench.bench import Bench, Shape
from tests.bench.configuration import plan_triggers
from tests.bench.figures import Figures
from tests.bench.meter import Meter
from tests.bench.nginx import Nginx
from tests.bench.program import Program
from tests.bench.session import Session, session
from tests.bench.wrk import publish

QUIET_SECONDS = 0.3
POLL_SECONDS = 0.02

_prefixes = itertools.count(1)


async def throughput(bench: Bench, kind: str, shape: Shape) -> Figures:
    """A closed loop for `bench.seconds`, measured until the last delivery.

    So a broker that takes faster than it delivers gains nothing by it.
    """
    if bench.uses_tools or shape.batch_events > 1:
        return await _with_tools(bench, kind, shape)
    async with session(bench, kind, shape) as running:
        return await measure_closed(bench, running)


async def measure_closed(bench: Bench, running: Session) -> Figures:
    """The closed loop by our own load; every event is accounted for, warm-up and all."""
    ledger = running.ledger
    running.load.run_closed()
    await asyncio.sleep(bench.warmup_seconds)
    meter = Meter(running.program.pid)
    before = ledger.accepted, ledger.deliveries
    ledger.begin_timing()
    await asyncio.sleep(bench.seconds)
    ledger.end_timing()
    await running.load.stop()
    await running.settle(bench.patience_seconds)
    meter.read()
    running.program.check_alive()
    measured = meter.figures(ledger.accepted - before[0], ledger.deliveries - before[1])
    return {**measured, **running.figures()}


async def _with_tools(bench: Bench, kind: str, shape: Shape) -> Figures:
    with bench.scratch() as folder:
        async with Nginx(folder) as sink:
            uri = sink.uri(0)
            triggers = plan_triggers(shape.triggers, shape.matching, uri, shape.dialect)
            program = bench.program(kind, folder, triggers, shape.is_pinned)
            try:
                program.start()
                return await _measure(bench, program, sink, shape)
            finally:
                program.stop()


async def _measure(bench: Bench, program: Program, sink: Nginx, shape: Shape) -> Figures:
    load = (shape.connections, shape.size_bytes, shape.batch_events)
    warm = await publish(program.url, f"w{next(_prefixes)}-", bench.warmup_seconds, *load)
    before = await _drain(Meter(program.pid), sink, warm.accepted * shape.matching, bench)
    meter = Meter(program.pid)
    published = await publish(program.url, f"m{next(_prefixes)}-", bench.seconds, *load)
    meter.read()
    wanted = (warm.accepted + published.accepted) * shape.matching
    deliveries = await _drain(meter, sink, wanted, bench)
    program.check_alive()
    # What wrk no longer waited for, at its two ends, was accepted and is delivered.
    unseen = (warm.under_way + published.under_way) * shape.matching
    return {
        **meter.figures(published.accepted, deliveries - before),
        "ack_p50_ms": published.ack_p50_ms,
        "ack_p99_ms": published.ack_p99_ms,
        "lost": max(0, wanted - deliveries),
        "duplicates": max(0, deliveries - wanted - unseen),
        "refused": warm.refused + published.refused,
        "unanswered": warm.broken + published.broken,
    }


async def _drain(meter: Meter, sink: Nginx, wanted: int, bench: Bench) -> int:
    """Wait for `wanted` deliveries and for the end of them; the meter stops at the last one."""
    seen, moved_at = await sink.deliveries(), time.monotonic()
    while True:
        patience = QUIET_SECONDS if seen >= wanted else bench.patience_seconds
        if time.monotonic() - moved_at > patience:
            return seen
        await asyncio.sleep(POLL_SECONDS)
        now = await sink.deliveries()
        if now != seen:
            seen, moved_at = now, time.monotonic()
            meter.read()
