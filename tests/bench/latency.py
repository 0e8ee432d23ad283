"""Workloads at a rate that the broker can hold: what an event waits, and what idling costs."""

import asyncio
import contextlib
import http.client
import socket
import statistics
import time

from tests.bench.bench import Bench, Shape
from tests.bench.configuration import BROKER_PATH, EVENT_TYPE, plan_triggers
from tests.bench.figures import Figures
from tests.bench.load import HEAD, OPEN_LOOP_CONNECTIONS, body_of
from tests.bench.machine import cpu_seconds, resident_mb
from tests.bench.meter import Meter
from tests.bench.program import BenchFailed, Program, free_port
from tests.bench.session import Session, calibrate, session

LOW_EVENTS_PER_SECOND = 1000.0
COLD_STARTS = 5
COLD_SECONDS_MAX = 30.0


async def at_low_rate(bench: Bench, kind: str, shape: Shape) -> Figures:
    return await _at_rate(bench, kind, shape, LOW_EVENTS_PER_SECOND)


async def at_half_load(bench: Bench, kind: str, shape: Shape) -> Figures:
    """Half of what the same broker does in a closed loop, measured a moment before."""
    full = await calibrate(bench, kind, shape, f"{shape.matching}")
    return await _at_rate(bench, kind, shape, full / 2)


async def _at_rate(bench: Bench, kind: str, shape: Shape, events_per_second: float) -> Figures:
    async with session(bench, kind, shape) as running:
        return await measure_at_rate(bench, running, events_per_second)


async def measure_at_rate(bench: Bench, running: Session, events_per_second: float) -> Figures:
    """An open loop: events come at their time, however long the broker takes."""
    ledger, load = running.ledger, running.load
    await load.connect(OPEN_LOOP_CONNECTIONS - len(load))
    load.run_at(events_per_second)
    await asyncio.sleep(bench.warmup_seconds)
    meter = Meter(running.program.pid)
    before = ledger.accepted, ledger.deliveries, running.sinks.failed_calls
    ledger.begin_timing()
    await asyncio.sleep(bench.seconds)
    ledger.end_timing()
    meter.read()
    measured = meter.figures(ledger.accepted - before[0], ledger.deliveries - before[1])
    failed_calls = running.sinks.failed_calls - before[2]
    await load.stop()
    await running.settle(bench.patience_seconds)
    running.program.check_alive()
    return {
        **measured,
        **running.figures(),
        "offered_per_second": events_per_second,
        "failed_calls_per_second": failed_calls / meter.seconds,
        "late": load.late,
    }


async def cold_start(bench: Bench, kind: str, shape: Shape) -> Figures:
    """From the start of the process to the first 202, several times; then its memory."""
    first: list[float] = []
    whole: list[float] = []
    cpu: list[float] = []
    rss: list[float] = []
    for _ in range(COLD_STARTS):
        with bench.scratch() as folder:
            triggers = plan_triggers(
                shape.triggers, shape.matching, f"http://127.0.0.1:{free_port()}/"
            )
            program = bench.program(kind, folder, triggers, shape.is_pinned)
            try:
                begun = time.perf_counter()
                program.spawn()
                first.append(first_accepted_at(program) - begun)
                whole.append(_all_ready_at(program) - begun)
                cpu.append(cpu_seconds(program.pid))
                rss.append(resident_mb(program.pid))
            finally:
                program.stop()
    return {
        "first_accepted_ms": statistics.median(first) * 1e3,
        "all_ready_ms": statistics.median(whole) * 1e3,
        "cpu_ms": statistics.median(cpu) * 1e3,
        "rss_mb": statistics.median(rss),
    }


def first_accepted_at(program: Program, event_type: str = EVENT_TYPE) -> float:
    """When the first 202 came, asking again and again from now on."""
    body = body_of(1024)
    head = HEAD % (BROKER_PATH.encode(), len(body), event_type.encode())
    deadline = time.perf_counter() + COLD_SECONDS_MAX
    while time.perf_counter() < deadline:
        program.check_alive()
        with (
            contextlib.suppress(ConnectionError),
            socket.create_connection(("127.0.0.1", program.port), 5.0) as peer,
        ):
            peer.sendall(head + b"1\r\n\r\n" + body)
            if peer.recv(4096).startswith(b"HTTP/1.1 202"):
                return time.perf_counter()
        time.sleep(0.001)
    raise BenchFailed(f"no 202 within {COLD_SECONDS_MAX} s of its start")


def _all_ready_at(program: Program) -> float:
    """When the admin listener, where there is one, said that all is ready."""
    deadline = time.perf_counter() + COLD_SECONDS_MAX
    while program.admin_port is not None and not _is_ready(program.admin_port):
        program.check_alive()
        if time.perf_counter() > deadline:
            raise BenchFailed(f"not ready within {COLD_SECONDS_MAX} s of its start")
        time.sleep(0.002)
    return time.perf_counter()


def _is_ready(admin_port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", admin_port, timeout=5.0)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
