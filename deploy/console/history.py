"""The latest hour of each trigger, in numbers that charts are drawn from.

A ring of fixed size for each; what a process has not seen is not there. Sampled while the
admin listener runs, from counters in memory and one reading of the store for each broker.
"""

import asyncio
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from broker.errors import HeadraceError
from deploy.admin.states import facts_of
from deploy.running import Running
from deploy.standings import lane_backlog, seen_by

SAMPLE_SECONDS = 5.0
SAMPLES_MAX = 720  # an hour
TRIGGERS_MAX = 1_000  # 20 KiB each; the others have no charts
COLUMNS = 5


class Sample(NamedTuple):
    """`at_seconds` of the monotonic clock; `came` and `left` count since the process started."""

    at_seconds: float
    came: float
    left: float
    backlog: float
    age_seconds: float


@dataclass(slots=True)
class _Ring:
    values: "array[float]"
    taken: int = 0


class History:
    """Rings by the trigger's name."""

    def __init__(self, samples_max: int = SAMPLES_MAX) -> None:
        self._samples_max = samples_max
        self._rings: dict[str, _Ring] = {}

    def add(self, name: str, sample: Sample) -> None:
        ring = self._rings.get(name)
        if ring is None:
            if len(self._rings) >= TRIGGERS_MAX:
                return
            empty = array("f", bytes(4 * COLUMNS * self._samples_max))
            ring = self._rings[name] = _Ring(empty)
        place = ring.taken % self._samples_max * COLUMNS
        ring.values[place : place + COLUMNS] = array("f", sample)
        ring.taken += 1

    def keep(self, names: Iterable[str]) -> None:
        """Forget all others."""
        kept = set(names)
        for name in [one for one in self._rings if one not in kept]:
            del self._rings[name]

    def of(self, name: str) -> Sequence[Sample]:
        """Oldest first; none where it was never sampled."""
        ring = self._rings.get(name)
        if ring is None:
            return []
        first = max(0, ring.taken - self._samples_max)
        places = (number % self._samples_max * COLUMNS for number in range(first, ring.taken))
        return [Sample(*ring.values[place : place + COLUMNS]) for place in places]


async def sample(running: Running, history: History, since_seconds: float) -> None:
    """Take one of each trigger now; of a broker whose store does not answer none."""
    at_seconds, now = running.clock.monotonic() - since_seconds, running.clock.now()
    for broker in list(running.brokers.values()):
        lanes = [lane for lane in broker.partition.lanes.values() if not lane.is_companion]
        try:
            oldest = (await facts_of(broker, lanes[:TRIGGERS_MAX])).oldest
        except HeadraceError:
            continue  # it says so itself: the charts have a gap there
        for lane in lanes:
            stored_at = oldest.get(lane.name)
            age_seconds = 0.0 if stored_at is None else max(0.0, (now - stored_at).total_seconds())
            backlog = lane_backlog(broker, lane) + lane.parked_count
            one = Sample(at_seconds, seen_by(lane), lane.counts.ok, backlog, age_seconds)
            history.add(lane.name, one)
        await asyncio.sleep(0)
    history.keep(running.lanes())


async def follow(running: Running, history: History) -> None:
    """Sample for as long as the listener runs."""
    since_seconds = running.clock.monotonic()  # small numbers: a ring keeps seven digits
    while True:
        try:
            await sample(running, history, since_seconds)
        except Exception as error:  # noqa: BLE001 - charts with a gap are better than none
            what = type(error).__name__
            running.telemetry.emit("admin.failed", method="SAMPLE", path="/", error=what)
        await asyncio.sleep(SAMPLE_SECONDS)
