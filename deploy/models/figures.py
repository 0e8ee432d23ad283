"""What a model sink and its triggers have come to, in numbers. Reads only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from broker.telemetry import Histogram
from deploy.models.scale import Load, desired_replicas, is_active
from deploy.running import RunningBroker
from deploy.standings import lane_backlog
from sinks.inference_spec import HoldSpec, InferenceSinkSpec, ScaleSpec
from sinks.sink import Sink
from sinks.spec import SinkSpec
from sinks.target import Target, TargetState
from sinks.target_gate import Gate
from sinks.target_limits import BatchLimit
from sinks.target_model import ModelTarget
from triggers.lane import Lane


class VariantCounts(Protocol):
    """What is counted of the calls to one variant."""

    batch_records: Histogram
    call_seconds: Histogram
    bisects: int
    events_ok: int
    events_failed: int
    last_errors: dict[str, tuple[int, str, datetime]]


class Variant(Protocol):
    """One variant of a model; `name` is empty where there is only one."""

    name: str
    gate: Gate
    batch: BatchLimit
    counts: VariantCounts


@runtime_checkable
class ModelSink(Protocol):
    """A sink that calls a model server."""

    spec: InferenceSinkSpec
    own_target: ModelTarget
    variants: Mapping[str, Variant]
    weights: Mapping[str, int]


def model_of(sink: Sink, target: Target) -> ModelSink | None:
    """The sink as one that calls a model server; None where it is another."""
    # The target first: of ten thousand triggers few have such a sink, and this costs nothing.
    return sink if target.counts_calls and isinstance(sink, ModelSink) else None


def model_spec(spec: SinkSpec) -> InferenceSinkSpec | None:
    """The spec of the model that a trigger's sink calls, if it calls one."""
    return spec if isinstance(spec, InferenceSinkSpec) else None


def load_of(broker: RunningBroker, lane: Lane, oldest_age_seconds: float) -> Load:
    """What a trigger has for its sink, and how fast that is."""
    waiting = lane.turns.rows if lane.turns is not None else 0
    backlog = lane_backlog(broker, lane) - lane.in_flight_deliveries + lane.parked_count + waiting
    records, seconds = _means(broker, lane)
    return Load(
        backlog=max(0, backlog),
        in_flight=lane.in_flight,
        oldest_age_seconds=oldest_age_seconds,
        batch_records=records,
        service_seconds=seconds,
        is_asleep=lane.target.state is TargetState.HOLDING,
    )


def signals_of(lane: Lane, load: Load) -> tuple[bool, int]:
    """Whether the trigger's sink should run, and how often."""
    spec = model_spec(lane.spec.sink)
    hold, scale = (HoldSpec(), ScaleSpec()) if spec is None else (spec.hold, spec.scale)
    active = is_active(load, hold)
    return active, desired_replicas(load, scale, active)


def _means(broker: RunningBroker, lane: Lane) -> tuple[float, float]:
    """Records and seconds of a call; of a sink that counts no calls those of all the broker's."""
    if (sink := model_of(lane.sink, lane.target)) is not None:
        counts = [variant.counts for variant in sink.variants.values()]
        return mean(*(one.batch_records for one in counts)), service_seconds(sink)
    dispatcher = broker.partition.dispatcher
    if dispatcher is None:
        return 0.0, 0.0
    return mean(dispatcher.timings.batch), mean(dispatcher.timings.attempt)


def service_seconds(sink: ModelSink) -> float:
    """Of a call now: the mean of the latest ones, 0.0 before there was one."""
    return sink.own_target.calls.mean_seconds


def mean(*histograms: Histogram) -> float:
    """Of all observations, 0.0 where there are none."""
    count = sum(sum(one.counts) for one in histograms)
    return sum(one.sum for one in histograms) / count if count else 0.0


def quantile(histogram: Histogram, share: float) -> float | None:
    """The bound below which `share` of the observations lie; None without any, or beyond all."""
    wanted, seen = share * sum(histogram.counts), 0
    for bound, count in zip(histogram.bounds, histogram.counts, strict=False):
        seen += count
        if seen and seen >= wanted:
            return bound
    return None
