"""Metrics for whoever scrapes: read from counters that the hot path keeps as plain ints."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from broker.storage.rows import Sizes
from broker.telemetry import METRICS, Histogram
from deploy.admin.views import lane_backlog
from deploy.running import Running, RunningBroker
from triggers.lane import Lane

PREFIX = "headrace_"

Sample = tuple[tuple[str, ...], float | Histogram]
Facts = Mapping[str, tuple[Sizes, Mapping[str, int]]]


async def render_metrics(running: Running) -> tuple[bytes, str]:
    """The page, and its content type."""
    facts = {
        name: (await broker.engine.log.sizes(), await broker.engine.desk.totals())
        for name, broker in running.brokers.items()
    }
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(_samples(running, facts)))
    # 10,000 triggers make a page of megabytes: not on the loop that delivers.
    page = await asyncio.to_thread(generate_latest, registry)
    return page, CONTENT_TYPE_LATEST


class _Page(Collector):
    """One scrape's samples, by the catalogue of `broker.telemetry`."""

    def __init__(self, samples: Mapping[str, list[Sample]]) -> None:
        self._samples = samples

    def collect(self) -> Iterable[Metric]:
        for metric in METRICS:
            name = PREFIX + metric.name
            samples = self._samples.get(metric.name, [])
            if metric.kind == "histogram":
                yield _histogram(name, metric.help, metric.labels, samples)
                continue
            family = (CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily)(
                name, metric.help, labels=metric.labels
            )
            for labels, value in samples:
                assert not isinstance(value, Histogram)
                family.add_metric(labels, value)
            yield family


def _histogram(
    name: str, help_text: str, labels: tuple[str, ...], samples: list[Sample]
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, help_text, labels=labels)
    for values, histogram in samples:
        assert isinstance(histogram, Histogram)
        buckets, total = [], 0
        for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
            total += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), total))
        family.add_metric(values, buckets, histogram.sum)
    return family


def _samples(running: Running, facts: Facts) -> dict[str, list[Sample]]:
    """All values now, by metric name; taken on the loop, so that they belong together."""
    found: dict[str, list[Sample]] = {}
    for name, labels, value in _values(running, facts):
        found.setdefault(name, []).append((labels, value))
    return found


Value = tuple[str, tuple[str, ...], float | Histogram]


def _values(running: Running, facts: Facts) -> Iterator[Value]:
    yield "connections", (), running.count_connections()
    yield "loop_lag_seconds", (), running.loop_lag_seconds
    yield "log_records_dropped_total", (), running.count_dropped_records()
    for name, broker in running.brokers.items():
        sizes, dead = facts[name]
        yield from _broker_values(name, broker, sizes)
        for lane in broker.partition.lanes.values():
            if not lane.is_companion:
                yield from _lane_values(running, broker, lane, dead.get(lane.name, 0))
    for name, endpoint in running.endpoints.items():
        yield "sink_state", (name, endpoint.target.state.value), 1


def _broker_values(name: str, broker: RunningBroker, sizes: Sizes) -> Iterator[Value]:
    counts, dispatcher = broker.intake.counts, broker.partition.dispatcher
    yield "events_accepted_total", (name,), counts.accepted
    yield "events_duplicate_total", (name,), counts.duplicates
    for code, count in counts.refused.items():
        yield "events_refused_total", (name, code), count
    yield "log_bytes", (name,), sizes.log_bytes
    yield "commit_seconds", (name,), broker.engine.timings.commit
    yield "commit_rows", (name,), broker.engine.timings.rows
    if dispatcher is not None:
        yield "attempt_seconds", (name,), dispatcher.timings.attempt
        yield "queue_wait_seconds", (name,), dispatcher.timings.queue_wait
        yield "end_to_end_seconds", (name,), dispatcher.timings.end_to_end
        yield "batch_events", (name,), dispatcher.timings.batch


def _lane_values(running: Running, broker: RunningBroker, lane: Lane, dead: int) -> Iterator[Value]:
    trigger, counts = (lane.name,), lane.counts
    yield "backlog_events", trigger, lane_backlog(broker, lane)
    age = 0.0
    if lane.queue:
        age = (running.clock.now() - lane.queue[0].stored_at).total_seconds()
    yield "oldest_age_seconds", trigger, age
    yield "in_flight", trigger, lane.in_flight_deliveries
    yield "parked", trigger, lane.parked_count
    yield "dead_letters", trigger, dead
    yield "replies_total", trigger, counts.replies
    yield "ignored_bodies_total", trigger, counts.ignored_bodies
    yield "deliveries_total", (lane.name, "ok"), counts.ok
    for kind, count in counts.by_class.items():
        yield "deliveries_total", (lane.name, kind), count
    for reason, count in counts.dead_by_reason.items():
        yield "dead_letters_total", (lane.name, reason), count
