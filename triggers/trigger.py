"""A trigger as configured: a filter, a sink and a delivery policy under one name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sinks.spec import InferenceSinkSpec, SinkSpec

SHARE = 4


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How often, how long and how patiently."""

    retry: int = 10  # attempts after the first
    backoff_policy: Literal["exponential", "linear"] = "exponential"
    backoff_delay_seconds: float = 0.2
    backoff_max_seconds: float = 300.0
    timeout_seconds: float = 60.0  # per attempt, everything included
    max_age_seconds: float = 86_400.0
    retry_after_max_seconds: float = 3_600.0


@dataclass(frozen=True, slots=True)
class TriggerSpec:
    """One trigger, checked and with its broker's defaults filled in.

    `filters` is the list as written in YAML (ANDed; empty matches everything); the legacy
    `filter.attributes` is in `attributes`. `document` is the resource as JSON-able values
    with secrets still references: what is stored as the revision and what its hash is
    taken from. `order_by` is an attribute name, None for unordered.
    """

    name: str  # namespace/name
    broker: str  # namespace/name
    sink: SinkSpec
    document: Mapping[str, Any]
    filters: tuple[Mapping[str, Any], ...] = ()
    attributes: Mapping[str, str] | None = None
    policy: DeliveryPolicy = DeliveryPolicy()
    dead_letter_sink: SinkSpec | None = None
    start: Literal["latest", "earliest"] | datetime = "latest"
    paused: bool = False
    order_by: str | None = None
    max_in_flight: int = 32  # calls; a batch is one
    rate_per_second: float | None = None
    on_full: Literal["refuse", "dead-letter"] = "refuse"

    @property
    def calls_max(self) -> int:
        """Calls in flight at once: `max_in_flight`, and no more than a model computes.

        More would only make smaller batches of the backlog.
        """
        if isinstance(self.sink, InferenceSinkSpec):
            return min(self.max_in_flight, self.sink.max_in_flight)
        return self.max_in_flight

    @property
    def share_max(self) -> int:
        """Calls at once of what comes again, replays or redrives: a quarter, one at least."""
        return max(1, self.calls_max // SHARE)
