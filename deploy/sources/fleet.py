"""All sources of a process: started and stopped by the configuration, paused by operators."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from broker.errors import Invalid
from broker.storage.rows import Audit
from deploy.running import Running, RunningBroker
from deploy.sources.moving import bring_records
from deploy.sources.outlet import Counts, SourceOutlet
from deploy.sources.pauses import pause_of, write_pause
from deploy.sources.supervisor import Supervisor
from deploy.sources.view import Pause, SourceView
from sources.kinds import RECEIVING, make_source
from sources.source import Receiver, SourceSupplies
from sources.spec import SourceSpec
from sources.standing import Standing

RATE_SECONDS = 60.0
Receivers = Mapping[str, Receiver | None]


class Fleet:
    """`apply` makes what runs that of a configuration; `serve` is told who takes requests."""

    def __init__(self, running: Running, supplies: SourceSupplies) -> None:
        self._running = running
        self._supplies = supplies
        self._supervisors: dict[str, Supervisor] = {}
        self._pauses: dict[str, Pause] = {}
        self._one_at_a_time = asyncio.Lock()
        self.serve: Callable[[Receivers], None] = lambda _: None

    async def apply(
        self, sources: Mapping[str, SourceSpec], gone: Sequence[RunningBroker] = ()
    ) -> None:
        """Run `sources`: what is the same goes on, the others end before new ones begin.

        One that has another broker than before takes its records along; `gone` are brokers
        that are still open and close after this.
        """
        async with self._one_at_a_time:
            await self._end_those_beside(sources)
            for name, spec in sources.items():
                if name not in self._supervisors:
                    others = [*self._running.brokers.values(), *gone]
                    await bring_records(spec, self._broker_of(spec), others)
                    await self._begin(spec)
            self._serve()

    async def retire(self, sources: Mapping[str, SourceSpec]) -> None:
        """End what does not stand in `sources` as it runs; `apply` begins the others."""
        async with self._one_at_a_time:
            await self._end_those_beside(sources)
            self._serve()

    async def stop(self) -> None:
        """End all, within their grace."""
        async with self._one_at_a_time:
            await self._end_those_beside({})

    async def _end_those_beside(self, sources: Mapping[str, SourceSpec]) -> None:
        ending = [one for name, one in self._supervisors.items() if sources.get(name) != one.spec]
        await asyncio.gather(*(one.stop() for one in ending))
        for one in ending:
            del self._supervisors[one.spec.name]
            self._pauses.pop(one.spec.name, None)

    async def _begin(self, spec: SourceSpec) -> None:
        running = self._running
        supervisor = Supervisor(
            spec,
            lambda spec: make_source(spec, self._supplies),
            self._outlet,
            running.clock,
            running.telemetry,
        )
        supervisor.on_receiver = self._serve
        self._supervisors[spec.name] = supervisor
        pause = await pause_of(self._broker_of(spec), spec.name)
        if pause is None:
            supervisor.start()
        else:
            self._pauses[spec.name] = pause

    def _broker_of(self, spec: SourceSpec) -> RunningBroker:
        return self._running.brokers[spec.broker]

    def _outlet(self, spec: SourceSpec, standing: Standing, counts: Counts) -> SourceOutlet:
        broker, supplies = self._broker_of(spec), self._supplies
        records = broker.engine.records
        return SourceOutlet(
            spec, broker.intake, records, standing, supplies.clock, supplies.chance, counts
        )

    def _serve(self) -> None:
        supervisors = self._supervisors.items()
        receiving = {name: one for name, one in supervisors if one.spec.kind in RECEIVING}
        self.serve({name: one.receiver for name, one in receiving.items()})

    async def pause(self, name: str, by: str, reason: str = "") -> bool:
        """Let a source make no more events until `resume`. False: it was paused already.

        Gives back once it has ended and that is on disk. Raises Invalid(code="unknown-source").
        """
        async with self._one_at_a_time:
            supervisor = self._known(name)
            is_changed = name not in self._pauses
            if is_changed:
                pause = Pause(self._running.clock.now(), by, reason)
                await self._write(supervisor.spec, pause, "pause", by, reason)
                self._pauses[name] = pause
                self._running.telemetry.emit("source.paused", source=name, by=by, reason=reason)
                await supervisor.stop()
                self._serve()
            return is_changed

    async def resume(self, name: str, by: str, reason: str = "") -> bool:
        """Run it again from where its records say. False: it was not paused."""
        async with self._one_at_a_time:
            supervisor = self._known(name)
            is_changed = name in self._pauses
            if is_changed:
                await self._write(supervisor.spec, None, "resume", by, reason)
                del self._pauses[name]
                self._running.telemetry.emit("source.resumed", source=name, by=by)
                supervisor.start()
            return is_changed

    async def _write(
        self, spec: SourceSpec, pause: Pause | None, verb: str, by: str, reason: str
    ) -> None:
        now = self._running.clock.now()
        audit = Audit(now, by, f"{verb}-source", spec.name, 1, reason)
        await write_pause(self._broker_of(spec), spec.name, pause, audit)

    def _known(self, name: str) -> Supervisor:
        if name not in self._supervisors:
            raise Invalid(
                f"there is no source {name}",
                code="unknown-source",
                remedy="headrace sources lists them",
            )
        return self._supervisors[name]

    def items(self) -> Sequence[SourceView]:
        """All of them, by name."""
        return [self._view(one) for _, one in sorted(self._supervisors.items())]

    def get(self, name: str) -> SourceView:
        """Raises Invalid(code="unknown-source")."""
        return self._view(self._known(name))

    def counters(self) -> Mapping[str, int]:
        """How many events each has had stored since the process started."""
        return {name: one.counts.events for name, one in self._supervisors.items()}

    def _view(self, one: Supervisor) -> SourceView:
        spec, standing, counts = one.spec, one.standing, one.counts
        pause = self._pauses.get(spec.name)
        written = self._running.configuration.written.get(("source", spec.name))
        rate = self._running.rates.per_second(rate_key(spec.name), RATE_SECONDS)
        return SourceView(
            name=spec.name,
            kind=spec.kind,
            broker=spec.broker,
            sink=self._sink_of(spec),
            state="paused" if pause is not None else one.state,
            connected=standing.is_connected,
            detail=standing.detail,
            position=standing.position,
            lag=standing.lag,
            events=counts.events,
            duplicates=counts.duplicates,
            refused=counts.refused,
            errors=one.errors,
            rate_per_second=None if rate is None else rate[0],
            last_event_at=counts.last_at,
            last_error=one.last_failure,
            retry_at=one.retry_at,
            pause=pause,
            spec={} if written is None else written.value,
        )

    def _sink_of(self, spec: SourceSpec) -> str:
        broker = self._running.brokers.get(spec.broker)
        if broker is None or not broker.spec.is_hidden:
            return spec.broker
        lane = broker.partition.lanes.get(spec.broker)
        return spec.broker if lane is None else lane.sink.name


def rate_key(name: str) -> str:
    """The name of a source among rates: it may have that of a trigger."""
    return f"source {name}"
