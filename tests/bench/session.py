"""A run with our own load and sinks, where every event is accounted for."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.bench.bench import Bench, Shape
from tests.bench.configuration import PlannedTrigger, plan_triggers
from tests.bench.figures import Figures, percentile_ms
from tests.bench.ledger import Ledger
from tests.bench.load import Load
from tests.bench.meter import Meter
from tests.bench.program import Program, free_port
from tests.bench.sink import Manner, Sinks

SETTLE_POLL_SECONDS = 0.01


@dataclass(slots=True)
class Session:
    """One broker at work between our load and our sinks."""

    program: Program
    ledger: Ledger
    sinks: Sinks
    load: Load
    good: frozenset[int]  # sinks that shall get every event in the end

    async def settle(self, patience_seconds: float) -> bool:
        """Wait until all that was accepted is delivered; false if nothing moved for so long."""
        seen, moved_at = -1, time.monotonic()
        while self.owed() > 0:
            if self.ledger.deliveries != seen:
                seen, moved_at = self.ledger.deliveries, time.monotonic()
            if time.monotonic() - moved_at > patience_seconds:
                return False
            await asyncio.sleep(SETTLE_POLL_SECONDS)
        return True

    def owed(self) -> int:
        """Deliveries still to come; counted one by one only near the end."""
        missing = self.ledger.accepted * len(self.good) - self.ledger.deliveries
        return missing if missing > 0 else self.ledger.lost(self.good)

    def figures(self) -> Figures:
        """What became of the events, over the whole life of the session."""
        ledger = self.ledger
        return {
            "accepted": ledger.accepted,
            "deliveries": ledger.deliveries,
            "ack_p50_ms": percentile_ms(ledger.ack_ns, 0.5),
            "ack_p99_ms": percentile_ms(ledger.ack_ns, 0.99),
            "e2e_p50_ms": percentile_ms(ledger.delivery_ns, 0.5),
            "e2e_p99_ms": percentile_ms(ledger.delivery_ns, 0.99),
            "lost": ledger.lost(self.good),
            "duplicates": ledger.duplicates,
            "strays": ledger.strays,
            "refused": ledger.refused(),
            "unanswered": ledger.unanswered(),
        }


@asynccontextmanager
async def session(
    bench: Bench,
    kind: str,
    shape: Shape,
    manners: list[Manner] | None = None,
    delivery: Mapping[str, object] | None = None,
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[Session]:
    """Start sinks, then a broker that delivers to them, then connect the load; end them all.

    Trigger i delivers to sink i. Nothing has been published yet.
    """
    chosen = [Manner.GOOD] * shape.matching if manners is None else manners
    good = frozenset(i for i, m in enumerate(chosen) if m in {Manner.GOOD, Manner.PAUSED})
    ledger = Ledger(len(chosen), good)
    sinks = Sinks(ledger, chosen)
    with bench.scratch() as folder:
        await sinks.listen()
        triggers = _wire(shape, sinks, delivery)
        program = bench.program(kind, folder, triggers, shape.is_pinned, variables)
        load = Load(ledger, program.port, shape.size_bytes)
        try:
            program.start()
            await load.connect(shape.connections)
            gc.collect()
            gc.disable()
            yield Session(program, ledger, sinks, load, good)
        finally:
            gc.enable()
            load.close()
            program.stop()
            sinks.close()


def _wire(
    shape: Shape, sinks: Sinks, delivery: Mapping[str, object] | None
) -> list[PlannedTrigger]:
    ports = sinks.ports or [free_port()]  # no trigger matches: nothing is ever sent there
    return [
        PlannedTrigger(
            planned.name,
            f"http://127.0.0.1:{ports[number % len(ports)]}/",
            planned.selects,
            planned.dialect,
            planned.delivery,
        )
        for number, planned in enumerate(
            plan_triggers(shape.triggers, shape.matching, "", shape.dialect, delivery)
        )
    ]


async def calibrate(bench: Bench, kind: str, shape: Shape, name: str) -> float:
    """Events per second of a closed loop, end to end; measured once for each name."""
    known = bench.rates.get((kind, name))
    if known is not None:
        return known
    async with session(bench, kind, shape) as running:
        running.load.run_closed()
        await asyncio.sleep(bench.warmup_seconds + 0.5)
        meter, accepted = Meter(running.program.pid), running.ledger.accepted
        await asyncio.sleep(min(3.0, bench.seconds))
        await running.load.stop()
        await running.settle(bench.patience_seconds)
        meter.read()
        rate = (running.ledger.accepted - accepted) / meter.seconds
    bench.rates[kind, name] = rate
    return rate
