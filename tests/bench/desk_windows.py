"""What publishers had, and what it cost, while nothing else and while something was done.

The two take turns. What else the machine does spoils a few short windows, and slow changes of
it fall out of the ratio of neighbours.
"""

import asyncio
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from tests.bench.figures import percentile_ms
from tests.bench.machine import cpu_seconds
from tests.bench.session import Session

WINDOW_SECONDS = 0.5


@dataclass(slots=True)
class Windows:
    """Of one kind; `turns` has the median p99 of each turn, in milliseconds."""

    turns: list[float] = field(default_factory=list)
    events: int = 0
    cpu_seconds: float = 0.0

    @property
    def p99_ms(self) -> float:
        return statistics.median(self.turns)

    @property
    def cpu_us_per_event(self) -> float:
        return self.cpu_seconds / max(1, self.events) * 1e6

    async def watch(self, running: Session, until: "asyncio.Future[Any]") -> None:
        """A turn of whole windows, at least one; the last is that in which `until` is done."""
        ledger, pid = running.ledger, running.program.pid
        accepted, cpu = ledger.accepted, cpu_seconds(pid)
        found: list[float] = []
        begun = time.monotonic()
        while not (found and until.done()):
            first = len(ledger.ack_ns)
            ends_at = begun + (len(found) + 1) * WINDOW_SECONDS
            await asyncio.sleep(max(0.0, ends_at - time.monotonic()))
            found.append(percentile_ms(ledger.ack_ns[first:], 0.99))
        self.turns.append(statistics.median(found))
        self.events += ledger.accepted - accepted
        self.cpu_seconds += cpu_seconds(pid) - cpu


def ratio_of(busy: Windows, alone: Windows) -> float:
    """How many times as long publishers waited: the median over the turns, each with its like."""
    pairs = zip(busy.turns, alone.turns, strict=True)
    return statistics.median(each / other for each, other in pairs)
