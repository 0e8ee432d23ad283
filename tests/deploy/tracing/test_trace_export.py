"""Spans on their way out: what is lost is counted, and nobody waits for a collector."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, TraceFlags

from broker.telemetry import Telemetry
from deploy.tracing.export import Spans
from deploy.tracing.options import TraceOptions
from tests.deploy.tracing.receiver import Receiver

PATIENCE_SECONDS = 30.0


def span(number: int) -> ReadableSpan:
    context = SpanContext(1, number, False, TraceFlags(TraceFlags.SAMPLED))
    return ReadableSpan(f"span {number}", context, start_time=1, end_time=2)


class Desk:
    """Spans to `endpoint`, and the signals that they led to."""

    def __init__(self, endpoint: str, queue_spans_max: int = 100) -> None:
        self.told: list[str] = []
        telemetry = Telemetry()
        telemetry.listen(lambda name, level, fields: self.told.append(name))
        options = TraceOptions(endpoint, 1.0, 0.02, queue_spans_max)
        self.spans = Spans(options, telemetry)

    def offer(self, *numbers: int) -> None:
        for number in numbers:
            self.spans.offer(span(number))

    def close(self, timeout_seconds: float = 60.0) -> None:
        self.spans.close(timeout_seconds)
        self.spans.settle()


def wait_until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.005)


def test_closing_exports_what_waits(receiver: Receiver) -> None:
    desk = Desk(receiver.url)

    desk.offer(1, 2, 3)
    desk.close()

    assert sorted(one.name for one in receiver.spans) == ["span 1", "span 2", "span 3"]
    assert (desk.spans.exported, desk.spans.dropped) == (3, 0)
    assert desk.told == []


def test_what_a_collector_refuses_is_counted_and_told_once(receiver: Receiver) -> None:
    receiver.status = 400
    desk = Desk(receiver.url)

    for number in (1, 2, 3):
        desk.offer(number)
        wait_until(partial(receiver.has_posts, number))
    desk.close()

    assert (desk.spans.exported, desk.spans.dropped) == (0, 3)
    assert desk.told == ["traces.failing"]


def test_a_collector_that_takes_spans_again_is_told(receiver: Receiver) -> None:
    receiver.status = 400
    desk = Desk(receiver.url)
    desk.offer(1)
    wait_until(lambda: desk.spans.dropped == 1)
    receiver.status = 200

    desk.offer(2)
    desk.close()

    assert (desk.spans.exported, desk.spans.dropped) == (1, 1)
    assert desk.told == ["traces.failing", "traces.resumed"]


def test_while_the_collector_is_gone_the_queue_is_bounded_and_nobody_waits() -> None:
    desk = Desk("http://127.0.0.1:9/v1/traces", queue_spans_max=10)  # discard: nobody listens
    began = time.monotonic()

    desk.offer(*range(1, 1001))
    offered_seconds = time.monotonic() - began
    desk.close(timeout_seconds=0.1)

    assert offered_seconds < 2.0
    assert (desk.spans.exported, desk.spans.dropped) == (0, 1000)


def test_a_failing_collector_writes_nothing_to_stderr(capfd: Any) -> None:
    desk = Desk("http://127.0.0.1:9/v1/traces")
    desk.offer(1)

    desk.close(timeout_seconds=0.5)

    assert capfd.readouterr().err == ""
