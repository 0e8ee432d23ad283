"""Whatever is sent, the answer is the sender's to mend or a yes, and what is stored is an event."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.codec import decode_structured, encode_structured
from broker.errors import HeadraceError
from broker.event import Event
from broker.http_message import Answer, Request
from sources.source import NO_RECORDS, Offered, PlaceOf, Records
from sources.spec import SourceSpec
from sources.standing import Standing
from sources.webhook.options import EventTemplate, Verification, WebhookOptions
from sources.webhook.source import WebhookSource
from tests.sources.inside import Inside
from tests.sources.webhook.sending import KEY, OLD_KEY

ANSWERS = {202, 400, 401, 405, 413, 415, 200}
GREEDY = EventTemplate(
    type="a.{{header:x-a}}",
    source="{{/s}}/{{form:f}}",
    subject="{{/a/0}}",
    id="{{/id}}",
    time="{{/t}}",
    extensions={"one": "{{form:x}}", "two": "{{header:x-b}}", "three": "{{/a/b}}"},
)
EASY = EventTemplate("a", "/{{header:x-a}}{{body-hash}}", "{{/a}}", time="{{/t}}")
TEMPLATES = [GREEDY, EASY, EventTemplate("a.{{header:x-a}}", "/b", "{{form:x}}", time="{{/t}}")]
VERIFIED = [None, *(Verification(style, (KEY, OLD_KEY)) for style in
                    ("standardWebhooks", "github", "stripe", "bearer"))]  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "s", "t", "id"]) | st.text(max_size=4), inner)
    ),
    max_leaves=12,
)
FIELDS = ("x-a", "x-b", "content-type", "content-encoding", "webhook-id", "webhook-timestamp",
          "webhook-signature", "x-hub-signature-256", "stripe-signature",
          "authorization")  # fmt: skip
KINDS = [b"application/json", b"application/x-www-form-urlencoded", b"text/plain", b"a/b;\xff"]
VALUES = st.binary(max_size=40) | st.sampled_from(KINDS)
FORMS = st.text("ab&=%+;f0x\xe9", max_size=60).map(str.encode)
NESTED = st.integers(1, 3000).map(lambda depth: b"[" * depth + b"]" * depth)


class Keeping:
    """Implements Outlet: takes all and keeps it."""

    def __init__(self) -> None:
        self.standing = Standing(lambda: None, lambda _: None)
        self.events: list[Event] = []

    async def publish(
        self,
        events: Sequence[Event],
        records: Records = NO_RECORDS,
        place_of: PlaceOf | None = None,
    ) -> None:
        self.events.extend(events)

    def offer(self, events: Sequence[Event], done: Offered, records: Records = NO_RECORDS) -> None:
        self.events.extend(events)
        done(None, False)

    async def record(self, key: str) -> bytes | None:
        return None

    async def scan(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, bytes]]:
        return []


async def ask(options: WebhookOptions, request: Request) -> tuple[Answer, list[Event]]:
    spec = SourceSpec("WebhookSource", "n/s", "n/b", options)
    source, outlet = WebhookSource(spec, Inside().supplies), Keeping()
    running = asyncio.create_task(source.run(outlet))
    await asyncio.sleep(0)
    judged = source.head(request)
    answers = [judged] if isinstance(judged, Answer) else []
    if not answers:
        source.receive(request, answers.append)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (answer,) = answers
    return answer, outlet.events


def encoded(value: object) -> bytes:
    import json

    return json.dumps(value).encode()


@pytest.mark.parametrize("template", TEMPLATES, ids=["greedy", "easy", "headers"])
@pytest.mark.parametrize("verification", VERIFIED)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    fields=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6),
    body=JSON.map(encoded) | st.binary(max_size=80) | FORMS | NESTED,
    method=st.sampled_from([b"POST"] * 9 + [b"OPTIONS", b"GET"]),
)
def test_nothing_that_is_sent_is_our_fault(
    template: EventTemplate,
    verification: Verification | None,
    fields: dict[str, bytes],
    body: bytes,
    method: bytes,
) -> None:
    made = Request(method, b"/sources/n/s", [(k.encode(), v) for k, v in fields.items()], 1)
    made.content_type, made.content_encoding = (
        made.header(b"content-type"), made.header(b"content-encoding"),
    )  # fmt: skip
    made.body = body

    answer, events = asyncio.run(ask(WebhookOptions(template, verification), made))

    assert answer.status in ANSWERS
    assert bool(events) == (answer.status == 202)
    assert all(reads_again(event) for event in events)


def reads_again(event: Event) -> bool:
    """Whether it is an event to others: written as JSON and read by all rules, it is the same."""
    try:
        again = decode_structured(encode_structured(event))
    except HeadraceError as error:
        return error.code in {"too-deep", "data-charset"}  # of the data, which is passed on as is
    return (again.id, again.source, again.type) == (event.id, event.source, event.type)
