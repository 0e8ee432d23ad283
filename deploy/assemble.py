"""Assemble: from a configuration to objects that run, and from one configuration to the next.

The only place that knows all kinds.
"""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from broker.clock import Clock
from broker.codec import Limits
from broker.errors import InvalidConfig
from broker.telemetry import Telemetry
from deploy.brokers import Brokers, OnFatal, close_broker, intake_options
from deploy.config.broker_spec import Configuration
from deploy.config.restored import restored
from deploy.elsewhere import Elsewhere
from deploy.endpoints import Draft, Endpoints
from deploy.models.weighing import Weighing
from deploy.redrive_reach import RedriveReach
from deploy.running import Running, RunningBroker
from deploy.sources.fleet import Fleet
from deploy.succession import judge
from sinks.http_client import HttpClient
from sinks.kinds import Supplies
from sinks.spec import SinkSpec
from sources.source import SourceSupplies
from triggers.enrolment import Wired
from triggers.pool import Pool
from triggers.trigger import TriggerSpec

if TYPE_CHECKING:
    from triggers.file_jobs.desk import Desk

SLICE = 500  # triggers wired without a pause for others

Wiring = dict[str, list[Wired]]  # by broker


class Assembler:
    """Builds one process. `forbidden` are sockets that no subscriber may name (the admin's);
    `environment` is what the references of stored triggers refer to."""

    def __init__(
        self,
        data: Path,
        clock: Clock,
        telemetry: Telemetry,
        on_fatal: OnFatal,
        *,
        forbidden: tuple[tuple[str, int], ...] = (),
        reserve_bytes: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._clock = clock
        self._forbidden = forbidden
        self._environment = environment or {}
        chance = self._chance = random.Random().random  # noqa: S311 - jitter, no secret
        self.running = Running(clock, telemetry, Pool(clock.monotonic))
        self._client = HttpClient(clock)
        self._brokers = Brokers(data, self.running, chance, on_fatal, reserve_bytes)
        self._endpoints = Endpoints(self._supplies, chance, clock.monotonic)
        elsewhere = Elsewhere(self.running, self._supplies, chance)
        self._brokers.connect = elsewhere.connect
        self._broker_of: dict[str, str] = {}
        self._draft = Draft()  # of the change that is under way, or was the last
        supplies = SourceSupplies(clock, chance, self._environment)
        self.sources = self.running.sources = Fleet(self.running, supplies)
        self._weighing = self.running.weighing = Weighing(self.running)
        self._brokers.reach = RedriveReach(self.running, self._endpoints, elsewhere, self._weighing)

    async def open(self, configuration: Configuration) -> Running:
        """Load every broker, and let its intake know what was accepted lately."""
        self.running.configuration = configuration
        for name, spec in configuration.brokers.items():
            self.running.brokers[name] = await self._brokers.open(spec)
        self._brokers.tell_left(configuration.brokers)
        return self.running

    async def start(self) -> None:
        """Open the sinks and begin to deliver."""
        running, draft = self.running, Draft()
        brokers = running.brokers
        wiring = await self._wire(running.configuration, draft)
        removing = {name: self._wire_removing(one, draft) for name, one in brokers.items()}
        await draft.open()
        await self._weighing.restore(draft.sinks.values(), brokers.values())
        self._endpoints.take(draft, 0.0)
        if running.pool.turn.doubting:
            # Whose event ended the process, nobody knows: alone must mean alone in all of it.
            running.pool.turn.doubt(brokers)
        for name, broker in brokers.items():
            await broker.partition.start(wiring.get(name, ()), broker.intake, removing[name])
        running.note_endpoints()
        self._weighing.take(draft.sinks.values())

    async def change(self, configuration: Configuration, by: str) -> None:
        """Run by `configuration` from now on, or raise and go on as before.

        What can fail is done first, beside what runs: stores and sinks are opened, URLs,
        models and certificates read. Raises HeadraceError, OSError.
        """
        running, draft = self.running, Draft()
        self._draft = draft
        # First, so that none gives events to a broker that has been judged to have none left.
        await self.sources.retire(configuration.sources)
        added: dict[str, RunningBroker] = {}
        try:
            await self._judge(configuration)
            certificates = await asyncio.to_thread(self._client.certificates.renewed)
            for name, spec in configuration.brokers.items():
                if name not in running.brokers:
                    added[name] = await self._brokers.open(spec)
            wiring = await self._wire(configuration, draft)
            removing = {
                name: self._wire_removing(one, draft, configuration) for name, one in added.items()
            }
            await draft.open()
            stores = [*running.brokers.values(), *added.values()]
            await self._weighing.restore(draft.sinks.values(), stores)
            for name, broker in added.items():
                await broker.partition.start(wiring.get(name, ()), broker.intake, removing[name])
            settle_seconds = await self._apply(wiring, by)
        except BaseException:
            for broker in added.values():
                await close_broker(broker)
            self._draft = Draft()
            await draft.discard()
            await self.sources.apply(running.configuration.sources)
            raise
        self._client.certificates.trust(certificates)
        self._endpoints.take(draft, settle_seconds)
        await self._swap(configuration, added)
        self._weighing.take(draft.sinks.values())

    async def tend(self) -> None:
        """Close the sinks that a change has put out of use, once their last call is over."""
        if not self._endpoints.retired:
            return
        # A change under way may have taken one that was out of use back into use.
        coming = set(self._draft.sinks.values())
        running = [one.partition.sinks() for one in self.running.brokers.values()]
        await self._endpoints.close_retired(coming.union(*running))
        self.running.note_endpoints()

    async def close(self) -> None:
        """Close sinks and stores; deliveries have ended."""
        for broker in self.running.brokers.values():
            broker.intake.close()
        await self._endpoints.close()
        await self._client.close()
        for broker in self.running.brokers.values():
            await broker.partition.close()

    async def _judge(self, configuration: Configuration) -> None:
        """Raises for what cannot become what runs, and where a store could not write it."""
        dead: dict[str, int] = {}
        for name, broker in self.running.brokers.items():
            await broker.engine.log.probe()
            dead[name] = sum((await broker.engine.desk.totals()).values())
        judge(self.running, configuration, dead)

    async def _apply(self, wiring: Wiring, by: str) -> float:
        """All brokers' triggers, or none; gives after how long calls to old sinks are over."""
        brokers = self.running.brokers
        async with AsyncExitStack() as ready:
            # Each says whether it can before any does.
            carry_out = [
                await ready.enter_async_context(
                    broker.partition.steering.applying(wiring.get(name, ()), by)
                )
                for name, broker in brokers.items()
            ]
            applied = [carry() for carry in carry_out]
            for broker in brokers.values():
                await broker.partition.steering.flush()
        return max((one.settle_seconds for one in applied), default=0.0)

    async def _swap(self, configuration: Configuration, added: Mapping[str, RunningBroker]) -> None:
        """What cannot fail: limits, brokers that come and go, what listings show."""
        running = self.running
        running.configuration = configuration
        for name, broker in running.brokers.items():
            if name in configuration.brokers:
                self._brokers.change(broker, configuration.brokers[name])
        gone = [one for name, one in running.brokers.items() if name not in configuration.brokers]
        kept = {name: one for name, one in running.brokers.items() if one not in gone}
        running.brokers = {**kept, **added}
        running.note_endpoints()
        running.serve()
        await self.sources.apply(configuration.sources, gone)
        for broker in gone:
            await close_broker(broker)

    async def _wire(self, configuration: Configuration, draft: Draft) -> Wiring:
        """Every trigger with its endpoints in `draft`. Raises Invalid."""
        wiring: Wiring = {}
        triggers = configuration.triggers
        await draft.stamp(sink for one in triggers.values() for sink in sinks_of(one))
        # Names of triggers that are being removed stay: their models still ask for them.
        self._broker_of |= {name: trigger.broker for name, trigger in triggers.items()}
        for count, trigger in enumerate(triggers.values(), 1):
            limits = intake_options(configuration.brokers[trigger.broker]).limits
            wiring.setdefault(trigger.broker, []).append(self._wired(trigger, limits, draft))
            if count % SLICE == 0:
                await asyncio.sleep(0)
        return wiring

    def _wire_removing(
        self, broker: RunningBroker, draft: Draft, configuration: Configuration | None = None
    ) -> Sequence[Wired]:
        """Triggers of the store that no longer stand in the configuration, as they were stored.

        One that cannot be any more, because its sink is gone too, keeps its place.
        """
        configuration = configuration or self.running.configuration
        found = []
        for name, document in broker.partition.removing(configuration.triggers.keys()):
            try:
                trigger = restored(document, broker.spec.name, configuration, self._environment)
            except InvalidConfig as error:
                self.running.telemetry.emit(
                    "trigger.stranded", trigger=name, error=str(error), mistakes=error.mistakes
                )
                continue
            self._broker_of[name] = broker.spec.name
            found.append(self._wired(trigger, intake_options(broker.spec).limits, draft))
        return found

    def _wired(self, trigger: TriggerSpec, limits: Limits, draft: Draft) -> Wired:
        endpoints = [self._endpoints.endpoint(draft, spec, limits) for spec in sinks_of(trigger)]
        return Wired(trigger, *endpoints)

    def _supplies(self, limits: Limits) -> Supplies:
        return Supplies(
            self._clock,
            self._client,
            limits=limits,
            forbidden=self._forbidden,
            broker_of=lambda name: self._broker_of[name],
            traceparent_of=self.running.traceparent_of,
            chance=self._chance,
            desk_of=self._desk_of,
        )

    def _desk_of(self, trigger: str) -> "Desk":
        """Who keeps the file jobs of a trigger that has a FileBatch."""
        files = self.running.brokers[self._broker_of[trigger]].partition.files
        assert files is not None, "its partition has begun to keep them"
        return files.desk


def sinks_of(trigger: TriggerSpec) -> Iterable[SinkSpec]:
    """Its sink, then its deadLetterSink if it has one."""
    dead_letter = trigger.dead_letter_sink
    return (trigger.sink,) if dead_letter is None else (trigger.sink, dead_letter)
