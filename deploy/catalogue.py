"""The catalogue of metrics and log records as a page for people: `python -m deploy.catalogue`.

Written to `deploy/prometheus/catalogue.md`, which a test compares with what is declared.
"""

from collections.abc import Iterator

from broker.telemetry import METRICS, SIGNALS, Metric
from deploy.metrics_page import PREFIX

HEAD = """\
# What headrace tells of itself

Written by `python -m deploy.catalogue` from `broker/telemetry.py`. Metrics are at `/metrics` of the
admin listener; no label is ever the type, source or id of an event.

A **trigger** is `namespace/name`, a **broker** and a **source** too; a **sink** is a URL without
its credentials, or kind and name. An **outcome** is `ok`, or the class of a failure; a **reason**
says why a dead letter is one. A histogram has `_bucket` (label `le`), `_sum` and `_count`.
"""


def page() -> str:
    return "\n".join((*_metrics(), *_signals()))


def _metrics() -> Iterator[str]:
    yield HEAD
    yield "## Metrics\n"
    yield "| name | kind | labels | what it says |"
    yield "| --- | --- | --- | --- |"
    for metric in METRICS:
        yield _row(metric)


def _row(metric: Metric) -> str:
    labels = " ".join(f"`{label}`" for label in metric.labels)
    return f"| `{PREFIX}{metric.name}` | {metric.kind} | {labels} | {metric.help} |"


def _signals() -> Iterator[str]:
    yield "\n## Log records\n"
    yield "Each is one line with `at`, `level`, `event` (this name) and its fields.\n"
    yield "| event | level | what it says, and its fields |"
    yield "| --- | --- | --- |"
    for name, (level, text) in SIGNALS.items():
        yield f"| `{name}` | {level} | {text} |"
    yield ""


if __name__ == "__main__":
    print(page(), end="")
