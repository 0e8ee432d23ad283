"""Which trace an event is in, and which span an attempt is: computed, never remembered. Pure.

The ids follow from what is stored anyway (the log's id, the offset, the delivery and its
attempt), so that a restart goes on with the same trace and nothing is kept per event.
"""

from hashlib import blake2b

from broker.clock import to_milliseconds
from broker.delivery import Delivery
from broker.event import Event
from sinks.trace_context import TraceContext, parse_traceparent
from triggers.carriage import Carriage

_ALL = 1 << 64


class Contexts:
    """The contexts of one process; `ratio` of the traces that begin here are recorded."""

    def __init__(self, ratio: float) -> None:
        self._bound = round(ratio * _ALL)

    def accepted(self, event: Event, log_id: str, offset: int) -> TraceContext:
        """Where accepting the event stands: in its publisher's trace, else in one of its own.

        Source: CloudEvents, Distributed Tracing extension.
        """
        span_id = _digest(f"{log_id}/{offset}", 8)
        parent = published(event)
        if parent is not None:
            return TraceContext(parent.trace_id, span_id, parent.is_sampled)
        trace_id = _digest(f"{log_id} {offset}", 16)
        # By the end of the id, as the SDKs of OpenTelemetry sample by ratio.
        return TraceContext(trace_id, span_id, int(trace_id[16:], 16) < self._bound)

    def attempted(self, delivery: Delivery) -> TraceContext:
        """Where an attempt stands: its headers and its span are made apart, and must agree."""
        log_id = delivery.id.partition("/")[0]
        accepted = self.accepted(delivery.event, log_id, delivery.offset)
        row = delivery.row if isinstance(delivery, Carriage) else None
        # An overloaded sink uses no attempt: only when it is due tells such tries apart.
        due = 0 if row is None else to_milliseconds(row.due_at)
        span_id = _digest(f"{delivery.id} {delivery.step} {delivery.attempt} {due}", 8)
        return TraceContext(accepted.trace_id, span_id, accepted.is_sampled)

    def traceparent(self, delivery: Delivery) -> str:
        """What a delivery says to its sink."""
        return self.attempted(delivery).traceparent


def published(event: Event) -> TraceContext | None:
    """The context that an event came with; None where it has none that is valid."""
    return parse_traceparent(event.attributes.get("traceparent", ""))


def _digest(text: str, size_bytes: int) -> str:
    return blake2b(text.encode(), digest_size=size_bytes).hexdigest()
