"""The weights of variants at run time: kept as records, applied to the sinks that run.

A sink's record lies in the store of a broker whose triggers deliver to it; where several have
one, that with the highest number counts.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from broker.errors import Invalid
from broker.storage.rows import Audit, Record
from deploy.models.weights import History, Weights, first, of_bytes, to_bytes
from deploy.running import Running, RunningBroker
from sinks.inference_spec import InferenceSinkSpec
from sinks.sink import Sink
from triggers.ledger import Ledger

PREFIX = "sink-weights/"


@runtime_checkable
class WeightedSink(Protocol):
    """A sink whose events go to variants by weight."""

    name: str
    spec: InferenceSinkSpec

    def set_weights(self, weights: Mapping[str, int]) -> None: ...


class Weighing:
    """`restore` before sinks deliver, `take` when they do; then `weigh` and `roll_back`."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._sinks: Sequence[WeightedSink] = ()
        self._histories: dict[str, History] = {}
        self._one_at_a_time = asyncio.Lock()

    async def restore(self, sinks: Iterable[Sink], brokers: Iterable[RunningBroker]) -> None:
        """Let `sinks`, which are to run, have the weights that operators gave them.

        Those that the configuration has given others since keep what is configured.
        """
        brokers = list(brokers)
        for sink in weighted_sinks(sinks):
            if sink.name not in self._histories:
                kept = await _kept(sink.name, brokers)
                if kept is not None:
                    self._histories[sink.name] = kept
            sink.set_weights(self._of(sink).now.weights)

    def take(self, sinks: Iterable[Sink]) -> None:
        """`sinks` are all that run from now on; what is configured anew is a set of its own."""
        self._sinks = weighted_sinks(sinks)
        for sink in self._sinks:
            before, history = self._histories.get(sink.name), self._of(sink)
            sink.set_weights(history.now.weights)
            self._histories[sink.name] = history
            if before is not None and history is not before:
                # With the next checkpoint; should that fail, the next start finds it again.
                self._keep(history, sink.name, self._broker_of(sink.name).partition.ledger)

    def history(self, name: str) -> History | None:
        """The sets of a sink, None where it has no variants."""
        return self._histories.get(name) if self._is_weighted(name) else None

    def _is_weighted(self, name: str) -> bool:
        return any(one.name == name for one in self._sinks)

    def _of(self, sink: WeightedSink) -> History:
        """The history of a sink as it goes on under the sink's spec."""
        written, now = written_weights(sink.spec), self._running.clock.now()
        known = self._histories.get(sink.name)
        return first(written, now) if known is None else known.configured(written, now)

    async def weigh(self, name: str, changes: Weights, by: str, reason: str) -> History:
        """Change some weights; gives back when it is on disk. Raises Invalid, Conflict."""
        now = self._running.clock.now()
        return await self._act(
            name, lambda history: history.weighted(changes, now, by, reason), by, reason
        )

    async def roll_back(self, name: str, by: str, reason: str) -> History:
        """Apply the set before the present one. Raises Invalid, Conflict."""
        now = self._running.clock.now()
        return await self._act(
            name, lambda history: history.rolled_back(now, by, reason), by, reason
        )

    async def _act(
        self, name: str, change: Callable[[History], History], by: str, reason: str
    ) -> History:
        async with self._one_at_a_time:
            known = self.history(name)
            if known is None:
                raise Invalid(
                    f"{name} has no variants",
                    code="no-variants",
                    remedy="give it spec.variants in the configuration",
                )
            changed = change(known)
            if changed.now.weights == known.now.weights and changed.now.restores is None:
                self._apply(name, known)  # a stopped variant is tried again
                return known
            await self._write(name, changed, by, reason)
            self._histories[name] = changed
            self._apply(name, changed)
            return changed

    def _apply(self, name: str, history: History) -> None:
        """To the sink that runs; what waits because of one of its variants is tried again soon."""
        for sink in self._sinks:
            if sink.name == name:
                sink.set_weights(history.now.weights)
        for broker in self._running.brokers.values():
            for lane in broker.partition.lanes.values():
                if lane.sink.name == name:
                    broker.partition.parking.mend(lane, 0.0)

    async def _write(self, name: str, history: History, by: str, reason: str) -> None:
        """The record and its audit, in one checkpoint."""
        detail = f"{name}: " + " ".join(
            f"{variant}={weight}" for variant, weight in history.now.weights.items()
        )
        audit = Audit(history.now.at, by, "weight-sink", detail, 1, reason)
        partition = self._broker_of(name).partition
        self._keep(history, name, partition.ledger)
        partition.ledger.audit.append(audit)
        await partition.steering.flush()

    @staticmethod
    def _keep(history: History, name: str, ledger: Ledger) -> None:
        ledger.records.append(Record(key_of(name), to_bytes(history)))

    def _broker_of(self, name: str) -> RunningBroker:
        """The first, by name, of those whose triggers deliver to it; else the first of all."""
        brokers = [one for _, one in sorted(self._running.brokers.items())]
        users = [
            one
            for one in brokers
            if any(lane.sink.name == name for lane in one.partition.lanes.values())
        ]
        return (users or brokers)[0]


async def _kept(name: str, brokers: Iterable[RunningBroker]) -> History | None:
    """What is on disk: that with the highest number, where several brokers have one."""
    found = [await one.engine.records.get(key_of(name)) for one in brokers]
    kept = [of_bytes(one[0]) for one in found if one is not None]
    return max(kept, key=lambda history: history.now.number) if kept else None


def weighted_sinks(sinks: Iterable[Sink]) -> Sequence[WeightedSink]:
    return [one for one in sinks if isinstance(one, WeightedSink) and one.spec.variants]


def written_weights(spec: InferenceSinkSpec) -> Weights:
    """What the configuration says."""
    return {variant.name: variant.weight for variant in spec.variants}


def key_of(name: str) -> str:
    """The key of a sink's weights; no other's begins with it."""
    return f"{PREFIX}{name}/"
