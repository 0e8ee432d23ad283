"""Metrics for whoever scrapes: read from counters that the hot path keeps as plain ints."""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from broker.storage.rows import Sizes
from deploy.ages import oldest_ages
from deploy.metrics_page import Value, render
from deploy.models.figures import ModelSink, load_of, model_of, service_seconds, signals_of
from deploy.rates import LONG_SECONDS, SHORT_SECONDS
from deploy.running import Running, RunningBroker
from deploy.sources.view import SourceView
from deploy.standings import lane_backlog
from triggers.lane import Lane

if TYPE_CHECKING:  # a broker without files does without the modules that tend them
    from triggers.file_jobs.verbs import FileJobs

EXPIRING = timedelta(days=1)
WINDOWS = {"10s": SHORT_SECONDS, "60s": LONG_SECONDS}  # of arrival rates


@dataclass(frozen=True, slots=True)
class Facts:
    """What one broker's store had to be asked for; `dead` and `ages` are by trigger."""

    sizes: Sizes
    dead: Mapping[str, int]
    expiring: int
    ages: Mapping[str, float]


async def render_metrics(running: Running) -> tuple[bytes, str]:
    """The page, and its content type."""
    facts = {name: await ask(running, broker) for name, broker in running.brokers.items()}
    # Taken in one turn of the loop, so that they belong together.
    return await render(list(values(running, facts)))


async def ask(running: Running, broker: RunningBroker) -> Facts:
    now, engine = running.clock.now(), broker.engine
    kept = timedelta(seconds=broker.spec.dead_letters.age_seconds)
    return Facts(
        await engine.log.sizes(),
        await engine.desk.totals(),
        await engine.desk.dead_before(now - kept + EXPIRING),
        await oldest_ages(broker, now),
    )


def values(running: Running, facts: Mapping[str, Facts]) -> Iterator[Value]:
    """Every value of the catalogue; of the brokers that `facts` are of."""
    yield from _process_values(running)
    for name, found in facts.items():
        broker = running.brokers.get(name)
        if broker is None:  # gone while another one was asked
            continue
        yield from _broker_values(name, broker, found)
        for lane in broker.partition.lanes.values():
            if not lane.is_companion:
                yield from _lane_values(broker, lane, found)
                if model_of(lane.sink, lane.target) is not None:
                    yield from _model_use_values(running, broker, lane, found)
    now = running.clock.monotonic()
    for view in running.sources.items() if running.sources is not None else ():
        yield from _source_values(view)
    for name, endpoint in running.endpoints.items():
        yield "sink_state", (name, endpoint.target.state.value), 1
        yield "sink_hold_seconds", (name,), endpoint.target.held_seconds(now)
        if (model := model_of(endpoint.sink, endpoint.target)) is not None:
            yield from _model_values(name, model)


def _process_values(running: Running) -> Iterator[Value]:
    yield "build_info", (version("headrace"), platform.python_version()), 1
    yield "process_start_time_seconds", (), running.started_at.timestamp()
    yield "draining", (), running.is_draining
    yield "connections", (), running.count_connections()
    yield "loop_lag_seconds", (), running.loop_lag_seconds
    yield "log_records_dropped_total", (), running.count_dropped_records()
    reloads = running.reloads
    yield "reloads_total", ("applied",), reloads.applied
    yield "reloads_total", ("refused",), reloads.refused
    yield "configuration_info", (reloads.digest,), 1
    applied_at = 0.0 if reloads.applied_at is None else reloads.applied_at.timestamp()
    yield "configuration_applied_timestamp_seconds", (), applied_at
    spans = None if running.tracing is None else running.tracing.spans
    yield "trace_spans_exported_total", (), 0 if spans is None else spans.exported
    yield "trace_spans_dropped_total", (), 0 if spans is None else spans.dropped


def _broker_values(name: str, broker: RunningBroker, facts: Facts) -> Iterator[Value]:
    counts, timings = broker.intake.counts, broker.engine.timings
    yield "events_accepted_total", (name,), counts.accepted
    yield "accepted_bytes_total", (name,), counts.accepted_bytes
    yield "events_duplicate_total", (name,), counts.duplicates
    for code, count in counts.refused.items():
        yield "events_refused_total", (name, code), count
    yield "commit_seconds", (name,), timings.commit
    yield "commit_rows", (name,), timings.rows
    yield "checkpoint_failures_total", (name,), broker.partition.checkpoint_failures
    yield "fenced_total", (name,), broker.is_fenced
    yield from _size_values(name, facts)
    yield from _file_values(name, broker.partition.files)
    if (redrives := broker.partition.redrives) is not None:
        for state, count in redrives.states().items():
            yield "redrive_jobs", (name, state), count
        for result, count in zip(("delivered", "failed_again"), redrives.redriven, strict=True):
            yield "redriven_total", (name, result), count
    if (dispatcher := broker.partition.dispatcher) is not None:
        yield "attempt_seconds", (name,), dispatcher.timings.attempt
        yield "queue_wait_seconds", (name,), dispatcher.timings.queue_wait
        yield "end_to_end_seconds", (name,), dispatcher.timings.end_to_end
        yield "batch_events", (name,), dispatcher.timings.batch


def _size_values(name: str, facts: Facts) -> Iterator[Value]:
    sizes = facts.sizes
    yield "log_bytes", (name,), sizes.log_bytes
    yield "file_bytes", (name,), sizes.file_bytes
    yield "wal_bytes", (name,), sizes.wal_bytes
    yield "disk_free_bytes", (name,), sizes.disk_free_bytes
    yield "reserve_bytes", (name,), sizes.reserve_bytes
    yield "store_refusing", (name,), sizes.refusing is not None
    yield "dead_letter_bytes", (name,), sizes.dead_letter_bytes
    yield "dead_letters_expiring", (name,), facts.expiring


def _file_values(name: str, files: "FileJobs | None") -> Iterator[Value]:
    """A broker without a FileBatch has none of anything."""
    states = {"running": 0} if files is None else files.states()
    for state, count in states.items():
        yield "file_jobs", (name, state), count
    steps = None if files is None else files.jobs.steps
    yield "file_records_total", (name, "ok"), 0 if steps is None else steps.records_ok
    yield "file_records_total", (name, "failed"), 0 if steps is None else steps.records_failed
    skipped = {"other": 0} if files is None else files.desk.skipped
    for why, count in skipped.items():
        yield "files_skipped_total", (name, why), count


def _lane_values(broker: RunningBroker, lane: Lane, facts: Facts) -> Iterator[Value]:
    trigger, counts = (lane.name,), lane.counts
    yield "backlog_events", trigger, lane_backlog(broker, lane)
    yield "oldest_age_seconds", trigger, facts.ages.get(lane.name, 0.0)
    yield "trigger_paused", trigger, lane.is_paused
    yield "in_flight", trigger, lane.in_flight_deliveries
    yield "parked", trigger, lane.parked_count
    yield "waiting", trigger, 0 if lane.turns is None else lane.turns.rows
    yield "dead_letters", trigger, facts.dead.get(lane.name, 0)
    yield "replies_total", trigger, counts.replies
    yield "ignored_bodies_total", trigger, counts.ignored_bodies
    yield "deliveries_total", (lane.name, "ok"), counts.ok
    for kind, count in counts.by_class.items():
        yield "deliveries_total", (lane.name, kind), count
    for reason, count in counts.dead_by_reason.items():
        yield "dead_letters_total", (lane.name, reason), count


def _model_values(sink: str, model: ModelSink) -> Iterator[Value]:
    yield "sink_inflight_limit", (sink,), model.own_target.calls.value
    yield "sink_service_seconds", (sink,), service_seconds(model)
    for name, variant in model.variants.items():
        counts, of_variant = variant.counts, (sink, name)
        yield "sink_batch_records", of_variant, counts.batch_records
        yield "sink_call_seconds", of_variant, counts.call_seconds
        yield "sink_events_total", (*of_variant, "ok"), counts.events_ok
        yield "sink_events_total", (*of_variant, "failed"), counts.events_failed
        yield "sink_bisects_total", of_variant, counts.bisects
        yield "sink_batch_limit", of_variant, variant.batch.value
        yield "sink_wake_seconds", of_variant, variant.gate.cold_start_seconds or 0.0


def _model_use_values(
    running: Running, broker: RunningBroker, lane: Lane, facts: Facts
) -> Iterator[Value]:
    use = (lane.sink.name, lane.name)
    load = load_of(broker, lane, facts.ages.get(lane.name, 0.0))
    yield "sink_backlog", use, load.backlog
    yield "sink_inflight", use, load.in_flight
    yield "sink_oldest_age_seconds", use, load.oldest_age_seconds
    yield "sink_desired_replicas", use, signals_of(lane, load)[1]
    for window, seconds in WINDOWS.items():
        rates = running.rates.per_second(lane.name, seconds)
        yield "sink_arrival_rate", (*use, window), 0.0 if rates is None else rates[0]


def _source_values(view: SourceView) -> Iterator[Value]:
    source = (view.name,)
    yield "source_connected", source, view.connected
    yield "source_paused", source, view.pause is not None
    if view.lag is not None:
        yield "source_lag", source, view.lag
    yield "source_events_total", source, view.events
    yield "source_errors_total", source, view.errors
    yield "source_refused_total", source, view.refused
