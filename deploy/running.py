"""What is running: the objects that listings, signals and the drain look at."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from broker.clock import EPOCH, Clock
from broker.intake import Intake
from broker.retention import Retention
from broker.storage.engine import Engine
from broker.telemetry import Telemetry
from deploy.access.book import TokenBook
from deploy.config.broker_spec import BrokerSpec, Configuration
from deploy.rates import Rates
from sinks.http_request import TraceparentOf
from triggers.enrolment import Endpoint
from triggers.lane import Lane
from triggers.partition import Partition
from triggers.pool import Pool

if TYPE_CHECKING:
    from deploy.models.weighing import Weighing
    from deploy.reload import Reloader
    from deploy.sources.fleet import Fleet
    from deploy.tracing.tracer import Tracing  # with packages that only tracing needs


@dataclass(slots=True)
class Reloads:
    """What became of reloads since start, and which configuration runs since when."""

    applied: int = 0
    refused: int = 0
    digest: str = ""
    applied_at: datetime | None = None

    def note(self, digest: str, now: datetime) -> None:
        """A configuration runs from now on; one that says the same is applied too."""
        self.digest, self.applied_at = digest, now


@dataclass(slots=True)
class RunningBroker:
    """One broker at work. `failure` is set once its store can no longer write."""

    spec: BrokerSpec
    engine: Engine
    partition: Partition
    intake: Intake
    retention: Retention
    failure: str | None = None
    is_fenced: bool = False
    is_backlog_full: bool = False


@dataclass(slots=True)
class Running:
    """The process as its listeners see it.

    `is_draining` turns `/readyz`; `is_refusing`, later, turns publishers away.
    """

    clock: Clock
    telemetry: Telemetry
    pool: Pool
    brokers: dict[str, RunningBroker] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    configuration: Configuration = field(default_factory=lambda: Configuration({}))
    reloads: Reloads = field(default_factory=Reloads)
    reloader: "Reloader | None" = None  # None until all has started
    sources: "Fleet | None" = None  # set by the assembler
    weighing: "Weighing | None" = None  # too
    rates: Rates = field(default_factory=Rates)
    serve: Callable[[], None] = lambda: None  # tells the ingress which brokers there are
    tend: Callable[[], Awaitable[None]] | None = None  # closes sinks that are out of use
    is_draining: bool = False
    is_refusing: bool = False
    loop_lag_seconds: float = 0.0
    count_connections: Callable[[], int] = lambda: 0
    count_dropped_records: Callable[[], int] = lambda: 0
    tracing: "Tracing | None" = None
    started_at: datetime = EPOCH
    tokens: TokenBook | None = None  # None: only on loopback, where everybody is `local`

    def __post_init__(self) -> None:
        self.started_at = self.clock.now()

    @property
    def traceparent_of(self) -> TraceparentOf | None:
        """What a delivery says of its span to its sink; None while nobody traces."""
        return None if self.tracing is None else self.tracing.contexts.traceparent

    def note_endpoints(self) -> None:
        """Show the endpoints that some trigger delivers to, each name once, and files' models."""
        lanes = [lane for one in self.brokers.values() for lane in one.partition.lanes.values()]
        found = [Endpoint(lane.sink, lane.target) for lane in lanes]
        for one in self.brokers.values():
            if (files := one.partition.files) is not None:
                found += [Endpoint(batch.model, batch.target) for batch in files.batches()]
        self.endpoints = {endpoint.sink.name: endpoint for endpoint in found}

    def lanes(self) -> Mapping[str, tuple[RunningBroker, Lane]]:
        """All triggers, by name; companions of deadLetterSinks are not among them."""
        return {
            lane.name: (broker, lane)
            for broker in self.brokers.values()
            for lane in broker.partition.lanes.values()
            if not lane.is_companion
        }
