"""The kinds of sinks: a row each, imported only when a configuration names one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from broker.clock import Clock
from broker.codec import Limits
from broker.registry import load
from sinks.addresses import EgressPolicy
from sinks.http_client import HttpClient
from sinks.http_dial import is_own_address
from sinks.http_request import TraceparentOf
from sinks.sink import Sink
from sinks.spec import (
    Egress,
    FileBatchSinkSpec,
    FileSinkSpec,
    HttpSinkSpec,
    InferenceSinkSpec,
    SinkSpec,
)
from sinks.target import Target

KINDS = {
    "http": "sinks.http:HttpSink",
    "file": "sinks.file:FileSink",
    "onnx": "sinks.inference.onnx:OnnxSink",
    "file-batch": "sinks.file_batch.sink:FileBatchSink",
    **dict.fromkeys(
        ("v1", "v2", "openai", "kserve-ce", "http-json"),
        "sinks.inference.server.sink:ModelServerSink",
    ),
    "recorder": "sinks.recorder:RecorderSink",
}


ModelOf = Callable[[InferenceSinkSpec], tuple[Sink, Target]]


@dataclass(frozen=True, slots=True)
class Supplies:
    """What sinks of one process share.

    `forbidden` are the sockets of the admin listener; `broker_of` gives the broker
    (namespace/name) of a trigger; `is_own` whether an address is this machine's;
    `traceparent_of`, only while somebody traces, what names the span of an attempt. For sinks of
    files `model_of` gives the model that others call too, `desk_of` who keeps a trigger's jobs.
    """

    clock: Clock
    client: HttpClient
    limits: Limits = field(default_factory=Limits)
    forbidden: tuple[tuple[str, int], ...] = ()
    broker_of: Callable[[str], str] = lambda _trigger: "default"
    is_own: Callable[[str], bool] = is_own_address
    traceparent_of: TraceparentOf | None = None
    chance: Callable[[], float] = lambda: 0.5  # uniform in 0..1
    model_of: ModelOf | None = None
    desk_of: Callable[[str], Any] | None = None


def kind_of(spec: SinkSpec) -> str:
    """The row of a spec."""
    if isinstance(spec, HttpSinkSpec):
        return "http"
    if isinstance(spec, FileBatchSinkSpec):
        return "file-batch"
    return "file" if isinstance(spec, FileSinkSpec) else spec.protocol


def target_name(spec: SinkSpec) -> str:
    """What tells endpoints apart: the full URL, or kind and name. It may hold credentials."""
    return spec.url if isinstance(spec, HttpSinkSpec) else f"{kind_of(spec)} {spec.name}"


def make_sink(spec: SinkSpec, supplies: Supplies, *, trusted: bool = True) -> Sink:
    """The sink of a spec, not yet open. `trusted`: it stands in the configuration.

    Raises Invalid where the spec cannot be used, or names a kind whose package is missing.
    """
    kind = load(KINDS, kind_of(spec))
    sink: Sink
    if isinstance(spec, HttpSinkSpec):
        policy = EgressPolicy(
            spec.egress, trusted=trusted, forbidden=supplies.forbidden, is_own=supplies.is_own
        )
        limits = supplies.limits
        sink = kind(
            spec,
            supplies.client,
            supplies.clock,
            policy=policy,
            limits=limits,
            traceparent_of=supplies.traceparent_of,
        )
    elif isinstance(spec, FileSinkSpec):
        sink = kind(spec, supplies.clock)
    elif isinstance(spec, FileBatchSinkSpec):
        assert supplies.model_of is not None, "only a partition has jobs"
        # A URL that is fetched comes from an event.
        policy = EgressPolicy(
            spec.egress, trusted=False, forbidden=supplies.forbidden, is_own=supplies.is_own
        )
        model = supplies.model_of(spec.model)
        sink = kind(spec, model, policy.refusal, supplies.clock, supplies.desk_of)
    elif spec.protocol != "onnx":
        sink = kind(
            spec,
            supplies.clock,
            chance=supplies.chance,
            broker_of=supplies.broker_of,
            limits=supplies.limits,
            policy=EgressPolicy(
                Egress(), trusted=trusted, forbidden=supplies.forbidden, is_own=supplies.is_own
            ),
        )
    else:
        sink = kind(spec, supplies.clock, broker_of=supplies.broker_of, limits=supplies.limits)
    return sink
