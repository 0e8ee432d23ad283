"""What is running: the objects that listings, signals and the drain look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from broker.clock import Clock
from broker.intake import Intake
from broker.retention import Retention
from broker.storage.engine import Engine
from broker.telemetry import Telemetry
from deploy.config.broker_spec import BrokerSpec
from triggers.enrolment import Endpoint
from triggers.lane import Lane
from triggers.partition import Partition
from triggers.pool import Pool


@dataclass(slots=True)
class RunningBroker:
    """One broker at work. `failure` is set once its store can no longer write."""

    spec: BrokerSpec
    engine: Engine
    partition: Partition
    intake: Intake
    retention: Retention
    failure: str | None = None
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
    is_draining: bool = False
    is_refusing: bool = False
    loop_lag_seconds: float = 0.0
    count_connections: Callable[[], int] = lambda: 0
    count_dropped_records: Callable[[], int] = lambda: 0

    def lanes(self) -> Mapping[str, tuple[RunningBroker, Lane]]:
        """All triggers, by name; companions of deadLetterSinks are not among them."""
        return {
            lane.name: (broker, lane)
            for broker in self.brokers.values()
            for lane in broker.partition.lanes.values()
            if not lane.is_companion
        }
