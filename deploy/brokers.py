"""Brokers of a process: opened with their stores, changed while they run, closed."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from broker.clock import Clock
from broker.codec import Limits
from broker.errors import Draining, HeadraceError, StoreFailed, StoreFull, Unavailable
from broker.gathering import Gathering
from broker.intake import Intake
from broker.intake_options import IntakeOptions
from broker.retention import Retention, RetentionLimits, Witness
from broker.storage.engine import Engine
from broker.storage.sqlite.engine import SqliteEngine
from broker.storage.sqlite.options import SqliteOptions
from deploy.config.broker_spec import BrokerSpec
from deploy.running import Running, RunningBroker
from triggers.budget import Budget
from triggers.groups import Announcing
from triggers.partition import Partition
from triggers.redrive import Reach
from triggers.replay.keeping import Connect

OnFatal = Callable[[str, HeadraceError], None]
EXPIRING = timedelta(days=1)


class Brokers:
    """Opens brokers into `data`. What it opens runs only once it stands in `running.brokers`."""

    def __init__(
        self,
        data: Path,
        running: Running,
        chance: Callable[[], float],
        on_fatal: OnFatal,
        reserve_bytes: int | None,
    ) -> None:
        self._data = data
        self._running = running
        self._clock: Clock = running.clock
        self._chance = chance
        self._on_fatal = on_fatal
        self._reserve_bytes = reserve_bytes
        self._budget = Budget()
        self.connect: Connect | None = None  # other sinks for replays
        self.reach: Reach | None = None  # other sinks, and brokers, for redrives

    async def open(self, spec: BrokerSpec) -> RunningBroker:
        """Load a broker, and let its intake know what was accepted lately."""
        engine = self._engine(spec)
        partition = Partition(
            spec.name,
            engine,
            self._running.pool,
            self._budget,
            self._clock,
            self._chance,
            self._running.telemetry,
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
        partition.connect = self.connect
        partition.reach = self.reach
        partition.announcing = Announcing(intake, partial(self._expiring_before, spec.name))
        loaded = await partition.open()
        if self._running.tracing is not None:
            partition.tracer = self._running.tracing.tracer(spec.name, loaded.log_id)
        witness = None
        if loaded.stored_at is not None:
            witness = Witness(loaded.stored_at, self._clock.monotonic())
        retention = retention_of(spec, engine, self._clock, partition.lowest_needed, witness)
        broker = RunningBroker(spec, engine, partition, intake, retention)
        try:
            await intake.open(loaded.stored_at)
        except BaseException:
            await partition.close()
            raise
        self._running.telemetry.emit(
            "partition.loaded",
            broker=spec.name,
            last_offset=loaded.last_offset,
            triggers=len({revision.trigger for revision in loaded.revisions}),
            parked=sum(parked.count for parked in loaded.parked.values()),
        )
        return broker

    def tell_left(self, brokers: Collection[str]) -> None:
        """Say which stores belong to none of `brokers`: what they hold is not delivered."""
        for file in sorted(self._data.glob("*/*.db")):
            name = f"{file.parent.name}/{file.stem}"
            if name not in brokers:
                self._running.telemetry.emit("store.left", broker=name, file=str(file))

    def _engine(self, spec: BrokerSpec) -> SqliteEngine:
        namespace, _, name = spec.name.partition("/")
        folder = self._data / namespace
        make_folder(folder)
        options = SqliteOptions(on_fatal=partial(self._on_fatal, spec.name))
        if self._reserve_bytes is not None:
            options = replace(options, reserve_bytes=self._reserve_bytes)
        return SqliteEngine(folder / f"{name}.db", self._clock, options)

    def change(self, broker: RunningBroker, spec: BrokerSpec) -> None:
        """Let the limits of `spec` count from now on; what its triggers have is not part of it."""
        if spec == broker.spec:
            return
        broker.spec = spec
        broker.intake.change(intake_options(spec))
        broker.retention = retention_of(
            spec,
            broker.engine,
            self._clock,
            broker.partition.lowest_needed,
            broker.retention.witness,
        )

    def _expiring_before(self, name: str) -> datetime | None:
        """From before when a dead letter is forgotten within a day."""
        broker = self._running.brokers.get(name)
        return None if broker is None else broker.retention.expiring_before(EXPIRING)

    def _defect(self, broker: str, error: BaseException) -> None:
        """A task that must not end has ended: better a restart than half a broker."""
        what = f"{type(error).__name__}: {error}"
        self._on_fatal(broker, HeadraceError(what, code="defect", remedy="please report it"))

    def _refuse(self, name: str) -> HeadraceError | None:
        """What the intake asks at every request; cheap."""
        broker = self._running.brokers.get(name)
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
        if self._running.is_refusing:
            return Draining("this headrace is stopping", retry_after_seconds=2.0)
        return None


async def stop_files(broker: RunningBroker) -> None:
    """Its file jobs end where they are, and begin no more."""
    if broker.partition.files is not None:
        await broker.partition.files.stop()


async def close_broker(broker: RunningBroker) -> None:
    """Settle what is in memory and let the store go; nobody publishes to it any more."""
    broker.intake.close()
    await stop_files(broker)
    await broker.partition.drain()
    await broker.partition.close()


def make_folder(folder: Path) -> None:
    """Raises StoreFailed where there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"no data can be kept in {folder}: {error.strerror}"
        remedy = "name a folder that this process may write to with --data"
        raise StoreFailed(what, code="no-data-folder", remedy=remedy) from error


def retention_of(
    spec: BrokerSpec,
    engine: Engine,
    clock: Clock,
    lowest_needed: Callable[[], int],
    witness: Witness | None,
) -> Retention:
    """What forgets by the limits of `spec`."""
    limits = RetentionLimits(
        age=timedelta(seconds=spec.retention.age_seconds),
        bytes_max=spec.retention.bytes,
        dead_letter_age=timedelta(seconds=spec.dead_letters.age_seconds),
        dead_letter_bytes_max=spec.dead_letters.bytes,
    )
    return Retention(engine.log, engine.desk, clock, limits, lowest_needed, witness)


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
