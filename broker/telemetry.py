"""The catalogue of signals, and counters cheap enough for the hot path.

Metrics are declared here once with their help and labels; the parts that count keep plain
ints and `Histogram`s, and `deploy.exporters` reads them when somebody scrapes. Logs are
records: a stable name from `SIGNALS` plus fields, handed to listeners by `emit`.
Event type, source and id are never labels.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One exported metric; its full name is `headrace_` + `name`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


_VARIANT = ("sink", "variant")  # of a model; the variant is empty where there is only one
_USE = ("sink", "trigger")

METRICS: tuple[Metric, ...] = (
    Metric("events_accepted_total", "counter", "Events stored and answered 202.", ("broker",)),
    Metric("accepted_bytes_total", "counter", "Bytes of events answered 202.", ("broker",)),
    Metric("events_refused_total", "counter", "Events refused, by error code.", ("broker", "code")),
    Metric("events_duplicate_total", "counter", "Events answered as duplicates.", ("broker",)),
    Metric("backlog_events", "gauge", "Stored events ahead of a trigger's cursor.", ("trigger",)),
    Metric("oldest_age_seconds", "gauge", "Age of the event at its cursor.", ("trigger",)),
    Metric("trigger_paused", "gauge", "1 while a trigger is paused.", ("trigger",)),
    Metric("deliveries_total", "counter", "Attempts, by outcome class.", ("trigger", "outcome")),
    Metric("in_flight", "gauge", "Deliveries on their way to the sink.", ("trigger",)),
    Metric("parked", "gauge", "Deliveries waiting for their next attempt.", ("trigger",)),
    Metric("waiting", "gauge", "Deliveries behind a parked one of their key.", ("trigger",)),
    Metric("dead_letters", "gauge", "Dead letters in state dead.", ("trigger",)),
    Metric("dead_letters_total", "counter", "Given up, by reason.", ("trigger", "reason")),
    Metric(
        "dead_letters_expiring",
        "gauge",
        "Dead letters in state dead that are forgotten within 24 hours.",
        ("broker",),
    ),
    Metric("dead_letter_bytes", "gauge", "Bytes that dead letters take.", ("broker",)),
    Metric("replies_total", "counter", "Replies appended to the log.", ("trigger",)),
    Metric("ignored_bodies_total", "counter", "2xx bodies that are no CloudEvent.", ("trigger",)),
    Metric("attempt_seconds", "histogram", "One attempt, from taking to outcome.", ("broker",)),
    Metric("queue_wait_seconds", "histogram", "From storing to the first attempt.", ("broker",)),
    Metric("end_to_end_seconds", "histogram", "From storing to the sink's 2xx.", ("broker",)),
    Metric("commit_seconds", "histogram", "One commit of the writer.", ("broker",)),
    Metric("commit_rows", "histogram", "Events per commit.", ("broker",)),
    Metric(
        "batch_events",
        "histogram",
        "Deliveries per call, of calls that carry several.",
        ("broker",),
    ),
    Metric("log_bytes", "gauge", "Bytes of events kept in the log.", ("broker",)),
    Metric("file_bytes", "gauge", "Size of a store's file.", ("broker",)),
    Metric("wal_bytes", "gauge", "Size of a store's write-ahead log.", ("broker",)),
    Metric("disk_free_bytes", "gauge", "Free space where a store lies.", ("broker",)),
    Metric("reserve_bytes", "gauge", "Space held back for a full disk; 0: gone.", ("broker",)),
    Metric("store_refusing", "gauge", "1 while a store appends nothing.", ("broker",)),
    Metric("checkpoint_failures_total", "counter", "Checkpoints to be repeated.", ("broker",)),
    Metric("fenced_total", "counter", "Writes refused: the store has a new owner.", ("broker",)),
    Metric("sink_hold_seconds", "gauge", "How long a sink is spared for now.", ("sink",)),
    Metric("sink_state", "gauge", "1 for the state that a sink is in.", ("sink", "state")),
    Metric("sink_batch_records", "histogram", "Records of a call to a model.", _VARIANT),
    Metric("sink_call_seconds", "histogram", "One call to a model.", _VARIANT),
    Metric(
        "sink_events_total",
        "counter",
        "Events that a model answered for, by result: ok, failed.",
        ("sink", "variant", "result"),
    ),
    Metric("sink_bisects_total", "counter", "Batches cut in two to find a bad event.", _VARIANT),
    Metric("sink_batch_limit", "gauge", "Records that one call may have now.", _VARIANT),
    Metric("sink_inflight_limit", "gauge", "Calls at once that a model gets now.", ("sink",)),
    Metric("sink_service_seconds", "gauge", "A call to a model takes, lately.", ("sink",)),
    Metric("sink_wake_seconds", "gauge", "Waking a model takes; 0: not learned.", _VARIANT),
    Metric("sink_backlog", "gauge", "What waits for a model, parked ones too.", _USE),
    Metric("sink_inflight", "gauge", "Calls of a trigger to a model under way.", _USE),
    Metric("sink_oldest_age_seconds", "gauge", "Age of the oldest that waits.", _USE),
    Metric(
        "sink_arrival_rate",
        "gauge",
        "Events a second that reach a model's trigger, over a window: 10s, 60s.",
        ("sink", "trigger", "window"),
    ),
    Metric("sink_desired_replicas", "gauge", "Servers that end the backlog in time.", _USE),
    Metric("source_connected", "gauge", "1 while the origin of a source answers.", ("source",)),
    Metric("source_paused", "gauge", "1 while a source is paused.", ("source",)),
    Metric("source_lag", "gauge", "What waits at its origin, where that tells.", ("source",)),
    Metric("source_events_total", "counter", "Events stored, of a source.", ("source",)),
    Metric("source_errors_total", "counter", "Failures, each tried again.", ("source",)),
    Metric("source_refused_total", "counter", "What no event could be made of.", ("source",)),
    Metric("redrive_jobs", "gauge", "Redrives that are kept, by state.", ("broker", "state")),
    Metric(
        "redriven_total",
        "counter",
        "Dead letters that redrives sent, by result: delivered, failed_again.",
        ("broker", "result"),
    ),
    Metric("file_jobs", "gauge", "File jobs that are kept, by state.", ("broker", "state")),
    Metric("file_records_total", "counter", "Of file jobs, by result.", ("broker", "result")),
    Metric("files_skipped_total", "counter", "Made no job, by why.", ("broker", "why")),
    Metric("connections", "gauge", "Open connections at the ingress."),
    Metric("loop_lag_seconds", "gauge", "How late the event loop last turned."),
    Metric("process_start_time_seconds", "gauge", "When it began, in seconds since 1970."),
    Metric("build_info", "gauge", "1, with what is running.", ("version", "python")),
    Metric("draining", "gauge", "1 while the process is stopping."),
    Metric("trace_spans_exported_total", "counter", "Spans that the collector took."),
    Metric("trace_spans_dropped_total", "counter", "Spans that no collector got."),
    Metric("reloads_total", "counter", "Reloads, by result: applied, refused.", ("result",)),
    Metric("configuration_info", "gauge", "1 for the configuration that runs.", ("digest",)),
    Metric("configuration_applied_timestamp_seconds", "gauge", "When it began to run, Unix time."),
    Metric("log_records_dropped_total", "counter", "Log records dropped: the output is blocked."),
)

Level = Literal["info", "warning", "error"]

SIGNALS: dict[str, tuple[Level, str]] = {
    "process.started": ("info", "listening; fields: ingress, admin, data"),
    "process.draining": ("info", "SIGTERM: not ready, finishing what is in flight"),
    "process.overdue": ("warning", "calls outlast the grace and are made again; fields: calls"),
    "process.stopped": ("info", "all settled and closed; fields: open, seconds"),
    "configuration.applied": ("info", "a reload; fields: by, digest, added, changed, removed"),
    "configuration.refused": ("error", "the old one runs on; fields: by, error, mistakes"),
    "process.failed": ("error", "the process ends itself; fields: error"),
    "loop.blocked": ("warning", "the event loop stood still; fields: seconds"),
    "partition.loaded": ("info", "fields: broker, last_offset, triggers, parked"),
    "partition.failed": ("error", "the store cannot write; fields: broker, error"),
    "store.left": ("warning", "of no configured broker, none of it moves; fields: broker, file"),
    "trigger.revised": ("info", "a filter changed; fields: trigger, revision, from_offset"),
    "trigger.stranded": ("warning", "left, and not wired: fields: trigger, error, mistakes"),
    "trigger.left": ("warning", "in the store, not in the configuration: it keeps its place"),
    "trigger.paused": ("warning", "fields: trigger, reason"),
    "trigger.resumed": ("info", "fields: trigger, by"),
    "trigger.sought": ("info", "another offset is next; fields: trigger, position, skipped"),
    "trigger.removing": ("info", "not configured any more, finishes what it has"),
    "trigger.ended": ("info", "an operator took what it had; fields: trigger, how, count"),
    "trigger.removed": ("info", "it has nothing left to do, and is gone; fields: trigger"),
    "delivery.dead": ("warning", "given up; one a second: trigger, count, and the latest"),
    "replay.started": ("info", "fields: job, trigger, from_offset, to_offset"),
    "replay.paused": ("warning", "an answer asked for it; fields: job, reason"),
    "replay.ended": ("info", "fields: job, state, delivered, dead, why"),
    "redrive.started": ("info", "a plan is acted on; fields: job, count, canary"),
    "redrive.stalled": ("warning", "the store gave no answer; tried again; fields: error"),
    "redrive.ended": ("info", "fields: job, state, delivered, failed_again, left, why"),
    "file-job.ended": ("info", "fields: job, trigger, state, ok, failed, why"),
    "file-job.paused": ("warning", "by an operator or an answer; fields: job, reason"),
    "file-job.untold": ("warning", "an event of it may not be stored; fields: job, reason"),
    "file-job.left": ("warning", "its parts could not be removed; fields: job, error"),
    "overflow.removed": ("info", "replies' data past overflowMaxAge; fields: sink, count"),
    "overflow.left": ("warning", "it could not be removed; fields: sink, error"),
    "checkpoint.failed": ("error", "kept and tried again; fields: broker, error"),
    "source.connected": ("info", "its origin answers; fields: source, kind, detail"),
    "source.failed": ("warning", "tried again for ever; fields: source, kind, code, error, remedy"),
    "source.notice": ("warning", "to be known; fields: source, kind, notice"),
    "source.paused": ("warning", "fields: source, by, reason"),
    "source.resumed": ("info", "fields: source, by"),
    "sink.state": ("warning", "a target changed its state; fields: sink, state"),
    "poison.suspected": ("warning", "ended the process alone; fields: trigger, offset, ends"),
    "traces.failing": ("warning", "the collector takes no spans; fields: endpoint, dropped"),
    "traces.resumed": ("info", "the collector takes spans again; fields: endpoint, dropped"),
    "access.refused": ("warning", "sign-ins failed; fields: address, why, count"),
    "access.unwritten": ("warning", "a sign-in is not in the audit; fields: error"),
    "admin.exposed": ("warning", "it listens beyond loopback, without TLS; fields: address"),
    "admin.failed": ("error", "a defect behind a route; fields: method, path, error"),
    "log.pruned": ("info", "fields: broker, up_to, events"),
}

Listener = Callable[[str, Level, dict[str, Any]], None]


class Telemetry:
    """Hands signals to listeners; made once by deploy and passed to whoever emits."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def emit(self, name: str, **fields: Any) -> None:
        """One signal; `name` must be in SIGNALS. Never a body, never a secret."""
        level = SIGNALS[name][0]
        for listener in self._listeners:
            listener(name, level, fields)


SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
ROWS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0)


class Histogram:
    """Counts by upper bound; 0.2 µs an observation, no lock (one writer)."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value
