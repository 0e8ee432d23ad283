"""A broker as configured, and the whole of a configuration: frozen values for assembling."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sinks.spec import Egress, SinkSpec
from sources.spec import SourceSpec
from triggers.trigger import DeliveryPolicy, TriggerSpec

DEFAULT_BROKER = "default/default"
_MI = 2**20
_GI = 2**30


@dataclass(frozen=True, slots=True)
class Retention:
    """How long and how much of the log is kept for replay, whatever has been delivered."""

    age_seconds: float = 86_400.0
    bytes: int = 10 * _GI


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """Bounds of one broker; at each the ingress refuses (413, 429, 507) and says which."""

    event_bytes: int = _MI
    batch_events: int = 1_000
    batch_bytes: int = 8 * _MI
    backlog_bytes: int = 50 * _GI
    hops: int = 16
    publish_rate_per_second: float | None = None  # None: unlimited


@dataclass(frozen=True, slots=True)
class DeadLetterRetention:
    """How long and how many bytes of dead letters a broker keeps."""

    age_seconds: float = 14 * 86_400.0
    bytes: int = 5 * _GI


@dataclass(frozen=True, slots=True)
class BrokerSpec:
    """One broker. `delivery` is what its triggers have where they say nothing themselves;
    it is already merged into each TriggerSpec."""

    name: str  # namespace/name
    delivery: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    retention: Retention = field(default_factory=Retention)
    limits: BrokerLimits = field(default_factory=BrokerLimits)
    dedupe_window_seconds: float = 600.0
    dead_letters: DeadLetterRetention = field(default_factory=DeadLetterRetention)
    egress: Egress = field(default_factory=Egress)
    is_hidden: bool = False  # of one source whose sink is no broker: nobody publishes to it


@dataclass(frozen=True, slots=True)
class Written:
    """One resource as it was written, references unresolved, and the file it stands in."""

    kind: str
    name: str  # namespace/name
    file: str
    value: Mapping[str, Any]


Key = tuple[str, str]
"""What no two resources share: `Broker`, `Trigger`, `sink` or `source`, and `namespace/name`."""
DEFAULT_WRITTEN = Written(
    "Broker",
    DEFAULT_BROKER,
    "",
    {
        "apiVersion": "eventing.knative.dev/v1",
        "kind": "Broker",
        "metadata": {"name": "default", "namespace": "default"},
    },
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that was configured, each by `namespace/name`; `warnings` are lines for people.

    `written` is what the specs were made of, for comparing: it holds no resolved secret.

    The specs hold resolved secrets, so the representation only names and counts.
    """

    brokers: Mapping[str, BrokerSpec]
    triggers: Mapping[str, TriggerSpec] = field(default_factory=dict)
    sinks: Mapping[str, SinkSpec] = field(default_factory=dict)
    sources: Mapping[str, SourceSpec] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    written: Mapping[Key, Written] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        return (
            f"Configuration(brokers={list(self.brokers)}, triggers={list(self.triggers)}, "
            f"sinks={list(self.sinks)}, sources={list(self.sources)}, "
            f"warnings={len(self.warnings)})"
        )
