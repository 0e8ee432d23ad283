"""Traces are imported only when they are asked for: that takes a third of a second."""

from typing import TYPE_CHECKING

from broker.clock import Clock
from broker.registry import load
from broker.telemetry import Telemetry
from deploy.tracing.options import TraceOptions

if TYPE_CHECKING:
    from deploy.tracing.tracer import Tracing

KINDS = {"tracing": "deploy.tracing.tracer:Tracing"}


def begin_tracing(
    options: TraceOptions | None, clock: Clock, telemetry: Telemetry
) -> "Tracing | None":
    """None for None. Raises Invalid(code="missing-extra") where its packages are missing."""
    if options is None:
        return None
    tracing: Tracing = load(KINDS, "tracing")(options, clock, telemetry)
    return tracing
