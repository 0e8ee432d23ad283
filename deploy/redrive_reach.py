"""What redrives may reach beyond their triggers: sinks by the configuration, URLs, brokers."""

import asyncio
from collections.abc import Sequence

from broker.codec import Limits
from broker.dedupe import key_of
from broker.errors import Invalid
from broker.event import Event
from broker.storage.rows import Record
from deploy.brokers import intake_options
from deploy.elsewhere import Elsewhere
from deploy.endpoints import Endpoints
from deploy.models.weighing import Weighing
from deploy.running import Running, RunningBroker
from sinks.http_url import redacted
from sinks.spec import (
    FileBatchSinkSpec,
    FileSinkSpec,
    HttpSinkSpec,
    InferenceSinkSpec,
    SinkSpec,
)
from triggers.lane import Lane
from triggers.named_url import probe_named
from triggers.redrive import OtherBroker, OtherSink
from triggers.redrive.aim import found_name, is_url
from triggers.redrive.aim_facts import SinkFacts
from triggers.redrive.facts import last_failure_of

KINDS: dict[type[SinkSpec], str] = {
    HttpSinkSpec: "HTTP subscriber",
    FileSinkSpec: "FileSink",
    InferenceSinkSpec: "InferenceSink",
    FileBatchSinkSpec: "FileBatch",
}


class RedriveReach:
    """Of a process; a `triggers.redrive.Reach`."""

    def __init__(
        self, running: Running, endpoints: Endpoints, elsewhere: Elsewhere, weighing: Weighing
    ) -> None:
        self._running = running
        self._endpoints = endpoints
        self._elsewhere = elsewhere
        self._weighing = weighing
        self._one_at_a_time = asyncio.Lock()

    def sinks(self) -> Sequence[str]:
        """All but those of files, whose jobs are of the trigger that has them."""
        sinks = self._running.configuration.sinks.items()
        return [name for name, spec in sinks if not isinstance(spec, FileBatchSinkSpec)]

    def brokers(self) -> Sequence[str]:
        """Those that somebody may publish to."""
        brokers = self._running.brokers.items()
        return [name for name, broker in brokers if not broker.spec.is_hidden]

    def facts_of(self, sink: str, triggers: Sequence[str]) -> SinkFacts:
        """As the triggers that deliver to it know it; of one that none has nothing is known.

        Raises Invalid where a reload has taken it away since it was asked for.
        """
        lanes = self._running.lanes()
        own = [lanes[name][1] for name in triggers if name in lanes]
        kinds = frozenset(KINDS[type(lane.spec.sink)] for lane in own)
        if is_url(sink):
            return SinkFacts(sink, KINDS[HttpSinkSpec], kinds)
        spec = self._running.configuration.sinks[found_name("sink", sink, "", self.sinks())]
        kind = KINDS[type(spec)]
        users = [lane for _, lane in lanes.values() if lane.spec.sink == spec]
        if not users:
            return SinkFacts(sink, kind, kinds)
        latest = max(users, key=_last_called)
        return SinkFacts(
            sink,
            kind,
            kinds,
            latest.target.state.value,
            last_failure_of(latest.counts),
            latest.counts.ok - latest.counts.ok_at_failure,
        )

    async def sink(self, name: str, broker: str) -> OtherSink:
        """The very one that triggers deliver to, if any do. Raises Invalid, Unavailable."""
        if is_url(name):
            return self._other(name, broker)
        found = found_name("sink", name, broker.partition("/")[0], self.sinks())
        spec = self._running.configuration.sinks[found]
        known = self._running.brokers.get(broker)  # none while it is being added
        limits = Limits() if known is None else intake_options(known.spec).limits
        async with self._one_at_a_time:
            endpoint = await self._endpoints.borrow(spec, limits)
            await self._weighing.restore([endpoint.sink], self._running.brokers.values())
        return OtherSink(spec, endpoint)

    async def try_url(self, url: str, broker: str) -> None:
        found = self._other(url, broker)
        if redacted(url) != url:
            raise Invalid(
                "the URL holds a secret, and plans, jobs and the audit would show it",
                code="secret-url",
                where="to_sink",
                remedy="make it the URL of a sink of the configuration, and name that",
            )
        await probe_named(found.endpoint.sink)

    def _other(self, url: str, broker: str) -> OtherSink:
        """Judged as not to be trusted; it needs no opening. Raises Invalid."""
        spec = self._elsewhere.spec(broker, url)
        return OtherSink(spec, self._elsewhere.endpoint(broker, spec))

    def broker(self, name: str) -> OtherBroker | None:
        found = self._running.brokers.get(name)
        return None if found is None else _seen_from_outside(found)


def _last_called(lane: Lane) -> tuple[bool, int]:
    """By which the lane is found that knows most of its sink."""
    return bool(lane.counts.last_errors), lane.counts.ok


def _seen_from_outside(broker: RunningBroker) -> OtherBroker:
    recent = broker.intake.recent

    def offset_of(principal: str, event: Event) -> int | None:
        return recent.find(key_of(principal, event))

    def forget(records: Sequence[Record]) -> None:
        broker.partition.ledger.records += records

    def event_bytes_max() -> int:
        return broker.intake.options.limits.event_bytes

    return OtherBroker(broker.intake, broker.engine.records, event_bytes_max, offset_of, forget)
