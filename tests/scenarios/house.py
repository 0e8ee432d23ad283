"""Scenarios: the whole of a partition with time of their own.

The event loop of these tests does not wait: when nothing is ready it jumps to the next
timer, so that hours of backoff pass in milliseconds and always in the same order.
"""

import asyncio
import selectors
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from broker.codec import make_event
from broker.delivery import Delivered, Delivery, Outcome
from broker.event import Event
from broker.intake import Intake
from broker.storage.memory.engine import MemoryEngine
from broker.storage.rows import Counts, DeadLetter
from broker.telemetry import Telemetry
from sinks.inference.server.sink import ModelServerSink
from sinks.recorder import RecorderSink
from sinks.spec import HttpSinkSpec
from sinks.target import Target
from triggers.budget import Budget
from triggers.enrolment import Endpoint, Wired
from triggers.groups import Announcing
from triggers.lane import Lane
from triggers.partition import Partition
from triggers.pool import Pool
from triggers.redrive import Reach
from triggers.roster import is_empty
from triggers.steering import Applied
from triggers.trigger import DeliveryPolicy, TriggerSpec

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: tells the loop how far it may jump."""

    passed_seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing will ever happen again: the scenario waits for nothing")
            self.passed_seconds += max(0.0, timeout)
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """Time passes only by jumping to the next timer."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return 1000.0 + self._jumping.passed_seconds


class LoopClock:
    """The clock of a jumping loop."""

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.monotonic() - 1000.0)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class ScriptedSink(RecorderSink):
    """A recorder whose answers and slowness a scenario may change at any time."""

    def __init__(self) -> None:
        super().__init__(script=self._answer)
        self.answer: Callable[[Delivery], Outcome] = lambda _: Delivered()
        self.delay_seconds = 0.0

    def _answer(self, delivery: Delivery) -> Outcome:
        return self.answer(delivery)

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        return await super().deliver(deliveries, deadline)


def trigger(name: str = "t", **facts: Any) -> TriggerSpec:
    """A trigger of broker default/default; `filters` as in YAML, `to` another sink's name."""
    to = facts.pop("to", name)
    filters = facts.pop("filters", ())
    policy = DeliveryPolicy(**facts.pop("policy", {}))
    subscriber = {} if to == name else {"subscriber": {"uri": f"http://{to}/"}}
    body = {"filters": list(filters), **facts, **subscriber}
    document = {"metadata": {"name": name}, "spec": body}
    return TriggerSpec(
        f"default/{name}",
        "default/default",
        HttpSinkSpec(f"http://{to}/"),
        document,
        filters=tuple(filters),
        policy=policy,
        **facts,
    )


def numbered(number: int, **attributes: str) -> Event:
    return make_event(
        {"specversion": "1.0", "id": str(number), "source": "/s", "type": "t"} | attributes, b"x"
    )


class House:
    """One broker at work on a memory engine; `crash` and `start` as often as one likes."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        self.telemetry = Telemetry()
        self.signals: list[tuple[str, Mapping[str, Any]]] = []
        self.telemetry.listen(lambda name, _, fields: self.signals.append((name, fields)))
        self.engine = MemoryEngine(self.clock)
        self.sinks: dict[str, ScriptedSink] = {}
        self.models: dict[str, Callable[[], ModelServerSink]] = {}  # in place of scripted sinks
        self.model_sinks: dict[str, ModelServerSink] = {}  # since the last start
        self.expiring_before: Callable[[], datetime | None] | None = None  # set: it announces
        self.reach: Reach | None = None  # what redrives may reach beyond their triggers
        self.finishes = True  # sinks of triggers that are not configured any more can be made
        self._specs: dict[str, TriggerSpec] = {}
        self._targets: dict[str, Target] = {}
        self.partition: Partition
        self.intake: Intake
        self.pool: Pool

    def answers(
        self, name: str, answer: Callable[[Delivery], Outcome] | Sequence[Outcome]
    ) -> ScriptedSink:
        """What the sink of trigger `name` says: a function, or one outcome after the other."""
        recorder = self.sinks.setdefault(name, ScriptedSink())
        recorder.answer = answer if callable(answer) else _script(list(answer))
        return recorder

    async def start(self, *specs: TriggerSpec, dead_letter: str | None = None) -> None:
        self.pool = Pool(self.clock.monotonic)
        self._targets = {}
        self.model_sinks = {}
        self.partition = Partition(
            "default/default",
            self.engine,
            self.pool,
            Budget(),
            self.clock,
            lambda: 1.0,
            self.telemetry,
        )
        self.partition.reach = self.reach
        await self.partition.open()
        self.intake = Intake("default/default", self.engine.log, self.clock, lambda: 0.5)
        await self.intake.open()
        if self.expiring_before is not None:
            self.partition.announcing = Announcing(self.intake, self.expiring_before)
        self._specs = {spec.name: spec for spec in specs} | self._specs
        removing = [
            self._wired(self._specs[name], dead_letter)
            for name, _ in self.partition.removing({spec.name for spec in specs})
            if name in self._specs and self.finishes
        ]
        wired = [self._wired(spec, dead_letter) for spec in specs]
        await self.partition.start(wired, self.intake, removing)

    async def apply(self, *specs: TriggerSpec, dead_letter: str | None = None) -> Applied:
        """A reload with these triggers."""
        self._specs |= {spec.name: spec for spec in specs}
        wired = [self._wired(spec, dead_letter) for spec in specs]
        return await self.partition.steering.apply(wired, "tests")

    def _wired(self, spec: TriggerSpec, dead_letter: str | None) -> Wired:
        endpoint = self._endpoint(sink_of(spec))
        if isinstance(endpoint.sink, ModelServerSink):
            spec = replace(spec, sink=endpoint.sink.spec)
        return Wired(spec, endpoint, self._endpoint(dead_letter) if dead_letter else None)

    def _endpoint(self, name: str) -> Endpoint:
        if name in self.models:
            model = self.model_sinks.get(name) or self.models[name]()
            self.model_sinks[name] = model
            return Endpoint(model, model.own_target)
        target = self._targets.setdefault(name, Target(name, lambda: 0.5))
        return Endpoint(self.sinks.setdefault(name, ScriptedSink()), target)

    async def publish(self, *events: Event) -> None:
        for event in events:
            done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self.intake.accept([event], partial(_tell, done))
            result = await done
            assert not isinstance(result, Exception), result

    async def until(self, reached: Callable[[], bool], hours: float = 48) -> None:
        """Let time pass until it is so.

        Looks at each hundredth of a second, and more rarely the longer it has waited: what
        never comes fails after some ten thousand looks, not after millions.
        """
        began = self.clock.monotonic()
        while not reached():
            waited_seconds = self.clock.monotonic() - began
            assert waited_seconds < hours * 3600, f"it never came to that in {hours} h"
            await asyncio.sleep(max(0.01, waited_seconds / 1000))

    async def settle(self, name: str = "t") -> None:
        """Let time pass until trigger `name` has nothing left to do and it is written down."""
        lane = self.lane(name)
        await self.until(lambda: is_empty(lane))
        await self.partition.drain()

    def lane(self, name: str = "t") -> Lane:
        return self.partition.lanes[f"default/{name}"]

    async def crash(self) -> None:
        """Stop as a power cut does: what was not committed is gone."""
        await self.end()
        self.engine = self.engine.crash()

    async def stop(self) -> None:
        await self.pool.quiet()
        await self.partition.drain()
        await self.partition.close()

    async def end(self) -> None:
        """Cancel what still runs; no claim about what it leaves."""
        self.pool.is_held = True  # the dead begin nothing more
        if self.partition.dispatcher is not None:
            self.partition.dispatcher.close()
        if self.partition.replays is not None:
            self.partition.replays.close()
        self.partition._tasks.cancel()

    def ids(self, name: str = "t") -> list[str]:
        """The ids that the sink of trigger `name` has seen, in order."""
        return [delivery.event.id for delivery in self.sinks[name].deliveries]

    async def dead_letters(self) -> list[DeadLetter]:
        await self.partition.drain()
        return list((await self.engine.desk.page((), None, 1000)).items)

    def counts(self, name: str = "t") -> Counts:
        return replace(self.lane(name).totals)


def _tell(done: "asyncio.Future[Any]", result: Any) -> None:
    if not done.done():  # whoever published may be gone
        done.set_result(result)


def sink_of(spec: TriggerSpec) -> str:
    """The name by which the sink of a trigger is scripted."""
    if not isinstance(spec.sink, HttpSinkSpec):
        return spec.name.partition("/")[2]
    return spec.sink.url.removeprefix("http://").rstrip("/")


def _script(outcomes: list[Outcome]) -> Callable[[Delivery], Outcome]:
    return lambda _: outcomes.pop(0) if outcomes else Delivered()
