"""One trace for each event: from its publisher over every attempt to the replies, as exported."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from broker.event import Event
from broker.http_message import Answer, Request, Respond
from deploy.tracing.options import TraceOptions
from tests.deploy.living import BROKER, Living, Subscriber, event, living
from tests.deploy.tracing.receiver import Receiver

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRIGGER = """
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: orders}
spec:
  broker: default
  subscriber: {uri: "${env:SUBSCRIBER}?token=s3cret"}
  delivery: {backoffDelay: PT0.05S, retry: 3}
"""
PUBLISH, REPLY = "publish default/default", "reply default/default"
DELIVER = "deliver default/orders"


class Traced(Subscriber):
    """Keeps what each call said of its trace; `flaky` fails once, `asks` is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str | None, str | None]] = []
        self.calls: Counter[str] = Counter()

    def receive(self, request: Request, respond: Respond) -> None:
        event_id, kind, parent, state = (
            (request.header(name) or b"").decode()
            for name in (b"ce-id", b"ce-type", b"traceparent", b"tracestate")
        )
        self.said.append((event_id, parent or None, state or None))
        self.calls[event_id] += 1
        if kind == "flaky" and self.calls[event_id] == 1:
            respond(Answer(503, [], b"words of the answer"))
        elif kind in ("asks", "continues"):
            respond(self.reply_to(event_id, kind, parent))
        else:
            super().receive(request, respond)

    def reply_to(self, event_id: str, kind: str, parent: str) -> Answer:
        facts = {"specversion": "1.0", "id": f"reply-{event_id}", "source": "/sink", "type": "told"}
        if kind == "continues":
            facts["traceparent"] = f"{parent[:36]}{SPAN}-01"
        return Answer(200, [(f"ce-{k}".encode(), v.encode()) for k, v in facts.items()])


@pytest.fixture
def subscriber() -> Traced:
    return Traced()


@asynccontextmanager
async def traced(
    folder: Path, subscriber: Subscriber, endpoint: str, ratio: float = 1.0
) -> AsyncIterator[Living]:
    traces = TraceOptions(endpoint, ratio, delay_seconds=0.02)
    async with living(folder, f"{BROKER}---{TRIGGER}", subscriber, traces=traces) as one:
        yield one


async def deliver(folder: Path, subscriber: Traced, receiver: Receiver, *events: Event) -> None:
    """Publish, wait for all calls that follow, and stop: then all spans are with the receiver."""
    async with traced(folder, subscriber, receiver.url) as headrace:
        await headrace.publish(*events)
        await settled(headrace)


async def settled(headrace: Living) -> None:
    """Until nothing is open, replies and retries among it."""
    _, lane = headrace.process.running.lanes()["default/orders"]
    while True:
        await headrace.rest()
        if lane.parked_count == 0 and lane.is_following_idle:
            return
        await asyncio.sleep(0.01)


async def test_an_event_is_one_trace_and_its_sink_is_told(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    await deliver(tmp_path, subscriber, receiver, event(1))

    published, delivered = receiver.one(PUBLISH), receiver.one(DELIVER)
    assert (published.parent, delivered.parent) == ("", published.id)
    assert delivered.trace == published.trace
    assert subscriber.said == [("1", f"00-{delivered.trace}-{delivered.id}-01", None)]
    assert published.begin <= published.end <= delivered.begin <= delivered.end
    assert (published.service, receiver.targets) == ("headrace", {"/v1/traces"})


async def test_an_event_joins_the_trace_of_its_publisher(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    one = event(1, traceparent=f"00-{TRACE}-{SPAN}-01", tracestate="a=1")

    await deliver(tmp_path, subscriber, receiver, one)

    published, delivered = receiver.one(PUBLISH), receiver.one(DELIVER)
    assert (published.trace, published.parent) == (TRACE, SPAN)
    assert subscriber.said == [("1", f"00-{TRACE}-{delivered.id}-01", "a=1")]


async def test_each_retry_is_a_span_beside_the_one_that_failed(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    await deliver(tmp_path, subscriber, receiver, event(1, "flaky"))

    failed, succeeded = receiver.named(DELIVER)
    assert failed.parent == succeeded.parent == receiver.one(PUBLISH).id
    assert (failed.is_error, succeeded.is_error) == (True, False)
    assert [span.facts["headrace.attempt"] for span in (failed, succeeded)] == [1, 2]
    assert failed.facts["http.response.status_code"] == 503
    assert [parent for _, parent, _ in subscriber.said] == [
        f"00-{span.trace}-{span.id}-01" for span in (failed, succeeded)
    ]


async def test_a_reply_goes_on_in_the_trace_below_the_attempt_that_brought_it(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    await deliver(tmp_path, subscriber, receiver, event(1, "asks"))

    replied, (first, second) = receiver.one(REPLY), receiver.named(DELIVER)
    assert (replied.trace, replied.parent) == (first.trace, first.id)
    assert (second.trace, second.parent) == (first.trace, replied.id)
    assert replied.facts["headrace.cause.trigger"] == "default/orders"


async def test_a_reply_that_copies_the_traceparent_is_still_below_its_attempt(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    one = event(1, "asks", traceparent=f"00-{TRACE}-{SPAN}-01")

    await deliver(tmp_path, subscriber, receiver, one)

    assert receiver.one(REPLY).parent == receiver.named(DELIVER)[0].id


async def test_a_sink_that_traces_is_the_parent_of_its_reply(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    await deliver(tmp_path, subscriber, receiver, event(1, "continues"))

    replied = receiver.one(REPLY)
    assert (replied.trace, replied.parent) == (receiver.one(PUBLISH).trace, SPAN)


async def test_what_its_publisher_does_not_record_is_not_exported_but_passed_on(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    one = event(1, "asks", traceparent=f"00-{TRACE}-{SPAN}-00")

    await deliver(tmp_path, subscriber, receiver, one)

    assert receiver.spans == []
    assert len(subscriber.said) == 2
    assert all(parent and parent.startswith(f"00-{TRACE}-") for _, parent, _ in subscriber.said)
    assert all(parent and parent.endswith("-00") for _, parent, _ in subscriber.said)


async def test_after_a_restart_the_trace_goes_on(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    traces = TraceOptions(receiver.url, delay_seconds=0.02)
    paused = f"{BROKER}---{TRIGGER}  paused: true\n"
    async with living(tmp_path, paused, subscriber, traces=traces) as headrace:
        await headrace.publish(event(1))

    async with traced(tmp_path, subscriber, receiver.url) as headrace:
        await settled(headrace)

    published, delivered = receiver.one(PUBLISH), receiver.one(DELIVER)
    assert (delivered.trace, delivered.parent) == (published.trace, published.id)


async def test_a_ratio_of_nothing_exports_nothing(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    async with traced(tmp_path, subscriber, receiver.url, ratio=0.0) as headrace:
        await headrace.publish(*(event(n) for n in range(20)))
        await settled(headrace)

    assert (receiver.spans, len(subscriber.said)) == ([], 20)


async def test_what_was_published_is_stored_as_it_came(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    async with traced(tmp_path, subscriber, receiver.url) as headrace:
        await headrace.publish(event(1), event(2, traceparent=f"00-{TRACE}-{SPAN}-01"))
        await settled(headrace)
        log = headrace.process.running.brokers["default/default"].engine.log
        stored = await log.read(0, 10, 1 << 20)

    assert [one.event.attributes.get("traceparent") for one in stored] == [
        None,
        f"00-{TRACE}-{SPAN}-01",
    ]


async def test_a_span_carries_no_data_no_answer_and_no_secret(
    tmp_path: Path, subscriber: Traced, receiver: Receiver
) -> None:
    await deliver(tmp_path, subscriber, receiver, event(1, "flaky", b"what is in it"))

    told = " ".join(f"{span.name} {span.facts}" for span in receiver.spans)
    assert "s3cret" not in told
    assert "what is in it" not in told
    assert "words of the answer" not in told


async def test_events_go_on_while_the_collector_is_gone_and_lost_spans_are_counted(
    tmp_path: Path, subscriber: Traced
) -> None:
    async with traced(tmp_path, subscriber, "http://127.0.0.1:9/v1/traces") as headrace:
        await headrace.publish(*(event(n) for n in range(200)))
        await settled(headrace)
        process = headrace.process

    spans: Any = process.running.tracing
    assert len(subscriber.said) == 200
    assert (spans.spans.exported, spans.spans.dropped) == (0, 400)
    assert headrace.log.getvalue().count('"traces.failing"') == 1


async def test_while_nobody_traces_there_is_nothing_to_import_or_to_call(tmp_path: Path) -> None:
    async with living(tmp_path) as headrace:
        running = headrace.process.running
        partition = running.brokers["default/default"].partition

        hooks = (running.tracing, running.traceparent_of, partition.tracer)

        assert partition.dispatcher is not None
        assert (*hooks, partition.dispatcher.on_attempt) == (None, None, None, None)
