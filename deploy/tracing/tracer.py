"""What happens to events, as spans: `publish` or `reply`, and `deliver` for each attempt.

    publish default/default                 the publisher's traceparent, else a trace of its own
    ├── deliver default/classify, attempt 1   503
    └── deliver default/classify, attempt 2   201 with a reply
        └── reply default/default
            └── deliver default/archive, attempt 1

No span carries data of an event, words of an answer, or credentials.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from broker.clock import Clock
from broker.codec import with_attributes
from broker.delivery import Delivered, Failed, Outcome
from broker.errors import Invalid
from broker.event import Event, StoredEvent
from broker.storage.rows import Reply
from broker.telemetry import Telemetry
from deploy.tracing.context import Contexts, published
from deploy.tracing.export import Spans
from deploy.tracing.options import TraceOptions
from sinks.spec import runs_in_process
from sinks.trace_context import TraceContext
from triggers.carriage import Carriage
from triggers.lane import Lane

TEXT_CHARACTERS_MAX = 256
SYSTEM = "headrace"

Attributes = dict[str, str | int]


class Tracing:
    """The traces of one process."""

    def __init__(self, options: TraceOptions, clock: Clock, telemetry: Telemetry) -> None:
        self.contexts = Contexts(options.ratio)
        self.spans = Spans(options, telemetry)
        self._resource = _resource()
        self._scope = InstrumentationScope(SYSTEM, version(SYSTEM))
        # Both are of one steady clock: their difference never changes.
        self._unix_seconds = clock.now().timestamp() - clock.monotonic()
        self.monotonic = clock.monotonic

    def tracer(self, broker: str, log_id: str) -> "BrokerTracer":
        """For the partition of `broker`."""
        return BrokerTracer(self, broker, log_id)

    def unix_nanoseconds(self, monotonic: float) -> int:
        return int((self._unix_seconds + monotonic) * 1e9)

    def span(
        self,
        name: str,
        context: TraceContext,
        parent: SpanContext | None,
        kind: SpanKind,
        times: tuple[int, int],
        attributes: Attributes,
        status: Status,
    ) -> None:
        """Offer one ended span; `times` are nanoseconds since 1970."""
        # Not by an SDK tracer, which draws ids of its own and keeps a span open meanwhile.
        self.spans.offer(
            ReadableSpan(
                name,
                span_context(context),
                parent,
                self._resource,
                attributes,
                kind=kind,
                status=status,
                start_time=times[0],
                end_time=times[1],
                instrumentation_scope=self._scope,
            )
        )


UNSET = Status(StatusCode.UNSET)


class BrokerTracer:
    """A `triggers.tracing.Tracer` for one broker."""

    def __init__(self, tracing: Tracing, broker: str, log_id: str) -> None:
        self._tracing = tracing
        self._contexts = tracing.contexts
        self._broker = broker
        self._log_id = log_id

    def stored(self, group: Sequence[StoredEvent]) -> None:
        """A span for each event, from its time of storing to where its commit had returned."""
        now = self._tracing.unix_nanoseconds(self._tracing.monotonic())
        for stored in group:
            context = self._contexts.accepted(stored.event, self._log_id, stored.offset)
            if not context.is_sampled:
                continue
            parent = published(stored.event)
            attributes = self._describe(stored.event, stored.offset)
            if stored.cause is not None:
                attributes["headrace.cause.offset"] = stored.cause.offset
                attributes["headrace.cause.trigger"] = stored.cause.trigger
            self._tracing.span(
                f"{'publish' if stored.cause is None else 'reply'} {self._broker}",
                context,
                None if parent is None else span_context(parent, is_remote=stored.cause is None),
                SpanKind.PRODUCER,
                (min(now, int(stored.stored_at.timestamp() * 1000) * 1_000_000), now),
                attributes,
                UNSET,
            )

    def attempted(
        self, lane: Lane, carriage: Carriage, outcome: Outcome, started: float, ended: float
    ) -> None:
        """A span for the attempt, below the event that it delivers."""
        context = self._contexts.attempted(carriage)
        if not context.is_sampled:
            return
        accepted = self._contexts.accepted(carriage.event, self._log_id, carriage.offset)
        attributes = self._describe(carriage.event, carriage.offset)
        attributes["headrace.trigger"] = lane.name
        attributes["headrace.sink"] = lane.sink.name
        attributes["headrace.delivery"] = carriage.id
        attributes["headrace.attempt"] = carriage.attempt
        attributes["headrace.step"] = carriage.step
        attributes.update(_outcome(outcome))
        to_nanoseconds = self._tracing.unix_nanoseconds
        self._tracing.span(
            f"deliver {lane.name}",
            context,
            span_context(accepted),
            SpanKind.INTERNAL if runs_in_process(lane.spec.sink) else SpanKind.CLIENT,
            (to_nanoseconds(started), to_nanoseconds(ended)),
            attributes,
            _status(outcome),
        )

    def replied(self, carriage: Carriage, reply: Reply) -> Reply:
        """The reply with the attempt that brought it as its parent, unless it names another.

        One that only copies the traceparent of the event that it answers names none.
        """
        own = reply.event.attributes.get("traceparent")
        is_copied = own == carriage.event.attributes.get("traceparent")
        if not is_copied and published(reply.event) is not None:
            return reply
        changes: dict[str, str | None] = {"traceparent": self._contexts.traceparent(carriage)}
        if published(carriage.event) is not None:
            changes["tracestate"] = carriage.event.attributes.get("tracestate")
        try:
            return replace(reply, event=with_attributes(reply.event, changes))
        except Invalid:  # as many extensions as one may have: then its trace ends here
            return reply

    def _describe(self, event: Event, offset: int) -> Attributes:
        """Names are those of OpenTelemetry's semantic conventions, where they have one."""
        return {
            "messaging.system": SYSTEM,
            "messaging.destination.name": self._broker,
            "cloudevents.event_id": event.id[:TEXT_CHARACTERS_MAX],
            "cloudevents.event_type": event.type[:TEXT_CHARACTERS_MAX],
            "cloudevents.event_source": event.source[:TEXT_CHARACTERS_MAX],
            "headrace.offset": offset,
        }


def span_context(context: TraceContext, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote,
        TraceFlags(TraceFlags.SAMPLED if context.is_sampled else TraceFlags.DEFAULT),
    )


def _outcome(outcome: Outcome) -> Attributes:
    """What the sink said, without its words: they may repeat what is in the event."""
    name = "ok" if isinstance(outcome, Delivered) else outcome.outcome_class.value
    found: Attributes = {"headrace.outcome": name}
    if outcome.status is not None:
        found["http.response.status_code"] = outcome.status
    if isinstance(outcome, Failed):
        found["error.type"] = name if outcome.status is None else str(outcome.status)
        if outcome.evidence.phase is not None:
            found["headrace.phase"] = outcome.evidence.phase
    return found


def _status(outcome: Outcome) -> Status:
    if isinstance(outcome, Delivered):
        return UNSET
    return Status(StatusCode.ERROR, outcome.outcome_class.value)


def _resource() -> Resource:
    """Who we are; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say it otherwise."""
    found = Resource.create({SERVICE_VERSION: version(SYSTEM)})
    if str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        found = found.merge(Resource({SERVICE_NAME: SYSTEM}))
    return found
