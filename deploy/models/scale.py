"""How many replicas a model should have, and whether any: what autoscalers ask. Pure."""

from dataclasses import dataclass
from math import ceil

from sinks.inference_spec import HoldSpec, ScaleSpec


@dataclass(frozen=True, slots=True)
class Load:
    """What one trigger has for its sink.

    `backlog` are deliveries that wait, parked ones among them; `in_flight` calls under way.
    `batch_records` and `service_seconds` are means of a call, 0.0 before the first one.
    """

    backlog: int
    in_flight: int
    oldest_age_seconds: float = 0.0
    batch_records: float = 0.0
    service_seconds: float = 0.0
    is_asleep: bool = False  # its sink is held: nothing wakes it but enough events


def is_active(load: Load, hold: HoldSpec) -> bool:
    """Whether somebody should run: a sleeping model only for enough events, or one that waits."""
    if load.backlog + load.in_flight == 0:
        return False
    if not load.is_asleep or load.in_flight or load.backlog >= hold.wake_min_events:
        return True
    return 0.0 < hold.wake_max_wait_seconds <= load.oldest_age_seconds


def desired_replicas(load: Load, scale: ScaleSpec, active: bool) -> int:
    """As many as end the backlog within `drain_seconds`, each with `target_concurrency` calls.

    At least one while it is active: before the first call nobody knows what one takes.
    """
    calls = load.in_flight + load.backlog / max(1.0, load.batch_records) * (
        load.service_seconds / scale.drain_seconds
    )
    wanted = ceil(calls / scale.target_concurrency) if active else 0
    wanted = max(1, wanted) if active else 0
    return max(scale.min_replicas, min(wanted, scale.max_replicas))
