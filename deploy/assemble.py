"""Assemble: from a configuration to objects that run. The only place that knows all kinds."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from broker.clock import Clock
from broker.codec import Limits
from broker.errors import Draining, HeadraceError, StoreFailed, StoreFull, Unavailable
from broker.gathering import Gathering
from broker.intake import Intake
from broker.intake_options import IntakeOptions
from broker.retention import Retention, RetentionLimits
from broker.storage.sqlite.engine import SqliteEngine
from broker.storage.sqlite.options import SqliteOptions
from broker.telemetry import Telemetry
from deploy.config.broker_spec import BrokerSpec, Configuration
from deploy.running import Running, RunningBroker
from sinks.http_client import HttpClient
from sinks.kinds import Supplies, make_sink, target_name
from sinks.sink import Sink
from sinks.spec import HttpSinkSpec, SinkSpec
from sinks.target import Target
from triggers.enrolment import Endpoint, Wired
from triggers.lane import Budget
from triggers.partition import Partition
from triggers.pool import Pool
from triggers.trigger import TriggerSpec

OnFatal = Callable[[str, HeadraceError], None]


class Assembler:
    """Builds one process. `forbidden` are sockets that no subscriber may name (the admin's)."""

    def __init__(
        self,
        data: Path,
        clock: Clock,
        telemetry: Telemetry,
        on_fatal: OnFatal,
        *,
        forbidden: tuple[tuple[str, int], ...] = (),
        reserve_bytes: int | None = None,
    ) -> None:
        self._data = data
        self._clock = clock
        self._telemetry = telemetry
        self._on_fatal = on_fatal
        self._forbidden = forbidden
        self._reserve_bytes = reserve_bytes
        self._chance = random.Random().random  # noqa: S311 - jitter, no secret
        self._client = HttpClient(clock)
        self._budget = Budget()
        self._triggers: dict[str, TriggerSpec] = {}
        self._sinks: dict[object, Sink] = {}
        self._targets: dict[str, Target] = {}
        self.running = Running(clock, telemetry, Pool(clock.monotonic))

    async def open(self, configuration: Configuration) -> Running:
        """Load every broker, and let its intake know what was accepted lately."""
        self._triggers = dict(configuration.triggers)
        for spec in configuration.brokers.values():
            await self._open_broker(spec)
        return self.running

    async def start(self) -> None:
        """Open the sinks and begin to deliver."""
        wired: dict[str, list[Wired]] = {}
        for trigger in self._triggers.values():
            wired.setdefault(trigger.broker, []).append(self._wire(trigger))
        for sink in self._sinks.values():
            await sink.open()
        if self.running.pool.turn.doubting:
            # Whose event ended the process, nobody knows: alone must mean alone in all of it.
            self.running.pool.turn.doubt(self.running.brokers)
        for name, broker in self.running.brokers.items():
            await broker.partition.start(wired.get(name, ()), broker.intake)

    async def close(self) -> None:
        """Close sinks and stores; deliveries have ended."""
        for broker in self.running.brokers.values():
            broker.intake.close()
        for sink in self._sinks.values():
            await sink.close()
        await self._client.close()
        for broker in self.running.brokers.values():
            await broker.partition.close()

    async def _open_broker(self, spec: BrokerSpec) -> None:
        namespace, _, name = spec.name.partition("/")
        folder = self._data / namespace
        make_folder(folder)
        options = SqliteOptions(on_fatal=partial(self._on_fatal, spec.name))
        if self._reserve_bytes is not None:
            options = replace(options, reserve_bytes=self._reserve_bytes)
        engine = SqliteEngine(folder / f"{name}.db", self._clock, options)
        partition = Partition(
            spec.name,
            engine,
            self.running.pool,
            self._budget,
            self._clock,
            self._chance,
            self._telemetry,
        )
        intake = Intake(
            spec.name,
            engine.log,
            self._clock,
            self._chance,
            intake_options(spec),
            refuse=partial(self._refuse, spec.name),
            append=Gathering(engine.log.append, partition.is_pressed, self._clock.monotonic).append,
        )
        partition.on_failure = partial(self._defect, spec.name)
        loaded = await partition.open()
        limits = retention_limits(spec)
        retention = Retention(engine.log, engine.desk, self._clock, limits, partition.lowest_needed)
        self.running.brokers[spec.name] = RunningBroker(spec, engine, partition, intake, retention)
        await intake.open()
        self._telemetry.emit(
            "partition.loaded",
            broker=spec.name,
            last_offset=loaded.last_offset,
            triggers=len({revision.trigger for revision in loaded.revisions}),
            parked=sum(parked.count for parked in loaded.parked.values()),
        )

    def _defect(self, broker: str, error: BaseException) -> None:
        """A task that must not end has ended: better a restart than half a broker."""
        what = f"{type(error).__name__}: {error}"
        self._on_fatal(broker, HeadraceError(what, code="defect", remedy="please report it"))

    def _refuse(self, name: str) -> HeadraceError | None:
        """What the intake asks at every request; cheap."""
        broker = self.running.brokers.get(name)
        if broker is None or broker.failure is not None:
            return Unavailable(
                "the store has stopped",
                code="store-stopped",
                remedy="send it again when headrace has restarted",
                retry_after_seconds=5.0,
            )
        if broker.is_backlog_full:
            return StoreFull(
                "a trigger's backlog has reached maxBacklogBytes",
                code="backlog-full",
                remedy="mend or remove the trigger that is behind, or raise the limit",
                retry_after_seconds=5.0,
            )
        if self.running.is_refusing:
            return Draining("this headrace is stopping", retry_after_seconds=2.0)
        return None

    def _wire(self, trigger: TriggerSpec) -> Wired:
        dead_letter = trigger.dead_letter_sink
        return Wired(
            trigger,
            self._endpoint(trigger.sink, trigger.broker),
            None if dead_letter is None else self._endpoint(dead_letter, trigger.broker),
        )

    def _endpoint(self, spec: SinkSpec, broker: str) -> Endpoint:
        """One sink per spec; one target per URL or name, so that a breaker sees all who call."""
        key = spec if isinstance(spec, HttpSinkSpec) else spec.name
        sink = self._sinks.get(key)
        if sink is None:
            sink = self._sinks[key] = make_sink(spec, self._supplies(broker))
        name = target_name(spec)
        target = self._targets.get(name)
        if target is None:
            target = self._targets[name] = Target(sink.name, self._chance)
        endpoint = Endpoint(sink, target)
        self.running.endpoints.setdefault(sink.name, endpoint)
        return endpoint

    def _supplies(self, broker: str) -> Supplies:
        limits = intake_options(self.running.brokers[broker].spec).limits
        return Supplies(
            self._clock,
            self._client,
            limits=limits,
            forbidden=self._forbidden,
            broker_of=lambda name: self._triggers[name].broker,
        )


def make_folder(folder: Path) -> None:
    """Raises StoreFailed where there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"no data can be kept in {folder}: {error.strerror}"
        remedy = "name a folder that this process may write to with --data"
        raise StoreFailed(what, code="no-data-folder", remedy=remedy) from error


def retention_limits(spec: BrokerSpec) -> RetentionLimits:
    """What a broker keeps for replay, and how long it keeps dead letters."""
    return RetentionLimits(
        age=timedelta(seconds=spec.retention.age_seconds),
        bytes_max=spec.retention.bytes,
        dead_letter_age=timedelta(seconds=spec.dead_letters.age_seconds),
        dead_letter_bytes_max=spec.dead_letters.bytes,
    )


def intake_options(spec: BrokerSpec) -> IntakeOptions:
    """A broker's limits as its door takes them."""
    limits = spec.limits
    return IntakeOptions(
        limits=Limits(
            event_bytes=limits.event_bytes,
            batch_bytes=limits.batch_bytes,
            batch_events=limits.batch_events,
        ),
        hops_max=limits.hops,
        dedupe_window_seconds=spec.dedupe_window_seconds,
        publish_rate_per_second=limits.publish_rate_per_second,
    )
