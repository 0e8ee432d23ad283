"""Spans on their way out: a bounded queue, a thread of its own, and a count of what was lost.

A collector that is slow or gone costs spans, never deliveries.
"""

import logging
import threading
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from broker.telemetry import Telemetry
from deploy.tracing.options import TraceOptions
from sinks.http_url import redacted

EXPORT_SECONDS_MAX = 5.0  # one batch, with the exporter's own retries
BATCH_SPANS_MAX = 512


class Spans:
    """Takes ended spans on the event loop; all its methods are called there."""

    def __init__(self, options: TraceOptions, telemetry: Telemetry) -> None:
        # What it would write to stderr on each failure is counted and told once here.
        quiet = logging.getLogger("opentelemetry")
        quiet.setLevel(logging.CRITICAL + 1)
        quiet.propagate = False
        self._telemetry = telemetry
        self._endpoint = redacted(options.endpoint)
        self._exporter = _Counting(OTLPSpanExporter(options.endpoint, timeout=EXPORT_SECONDS_MAX))
        self._queue_spans_max = options.queue_spans_max
        self._processor = BatchSpanProcessor(
            self._exporter,
            # Larger than our own bound: so that it never drops what nobody counts.
            max_queue_size=options.queue_spans_max + BATCH_SPANS_MAX,
            schedule_delay_millis=options.delay_seconds * 1000,
            max_export_batch_size=min(BATCH_SPANS_MAX, options.queue_spans_max),
        )
        self._offered = 0
        self._refused = 0
        self._is_known_failing = False
        self._is_closed = False

    @property
    def exported(self) -> int:
        return self._exporter.exported

    @property
    def dropped(self) -> int:
        """Beyond the queue, or in a batch that the collector did not take."""
        lost = self._offered - self.exported if self._is_closed else self._exporter.failed
        return self._refused + lost

    def offer(self, span: ReadableSpan) -> None:
        """Export it some time soon, or drop it: the queue is full while a collector is gone."""
        if self._offered - self._exporter.taken >= self._queue_spans_max:
            self._refused += 1
        else:
            self._offered += 1
            self._processor.on_end(span)
        if self._exporter.is_failing is not self._is_known_failing:
            self._tell(self._exporter.is_failing)

    def close(self, timeout_seconds: float) -> None:
        """Export what waits, as far as the collector takes it in time; blocks so long."""
        # A thread that may stay behind: the processor itself would wait half a minute.
        ending = threading.Thread(target=self._processor.shutdown, daemon=True)
        ending.start()
        ending.join(timeout_seconds)
        self._exporter.shutdown()

    def settle(self) -> None:
        """After `close`: what was not exported is lost, and said to be."""
        self._is_closed = True
        exporter = self._exporter
        is_failing = exporter.is_failing or self._offered > exporter.exported + exporter.failed
        if is_failing is not self._is_known_failing:
            self._tell(is_failing)

    def _tell(self, is_failing: bool) -> None:
        self._is_known_failing = is_failing
        if is_failing:
            self._telemetry.emit("traces.failing", endpoint=self._endpoint, dropped=self.dropped)
        else:
            self._telemetry.emit("traces.resumed", endpoint=self._endpoint, dropped=self.dropped)


class _Counting(SpanExporter):
    """An exporter that says how many spans it took, and what became of them.

    Its numbers are written by the thread that exports, and by no other.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.taken = 0
        self.exported = 0
        self.failed = 0
        self.is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken += len(spans)
        try:
            result = self._exporter.export(spans)
        except Exception:  # noqa: BLE001 - whatever it is, it costs these spans and no more
            result = SpanExportResult.FAILURE
        if result is SpanExportResult.SUCCESS:
            self.is_failing = False
            self.exported += len(spans)
        else:
            self.is_failing = True  # before it is counted: who sees the count knows why
            self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)
