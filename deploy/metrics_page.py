"""The metrics page in Prometheus' text format, by the catalogue of `broker.telemetry`."""

import asyncio
from collections.abc import Iterable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from broker.telemetry import METRICS, Histogram

PREFIX = "headrace_"

Value = tuple[str, tuple[str, ...], float | Histogram]
"""The name of a metric without its prefix, the values of its labels, and its own."""

Sample = tuple[tuple[str, ...], float | Histogram]


async def render(values: Iterable[Value]) -> tuple[bytes, str]:
    """The page, and its content type. All of `values` are taken before anything is awaited."""
    samples: dict[str, list[Sample]] = {}
    for name, labels, value in values:
        samples.setdefault(name, []).append((labels, value))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(samples))
    # 10,000 triggers make a page of megabytes: not on the loop that delivers.
    page = await asyncio.to_thread(generate_latest, registry)
    return page, CONTENT_TYPE_LATEST


class _Page(Collector):
    """One scrape's samples."""

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
