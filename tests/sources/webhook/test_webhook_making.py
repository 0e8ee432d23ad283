"""The event that a template makes of a request."""

from dataclasses import replace

import pytest

from broker.codec import Limits
from broker.errors import Invalid, InvalidEvent
from broker.event import Event
from sources.webhook.making import EventMaker, time_of
from sources.webhook.options import EventTemplate, Style
from sources.webhook.reading import Reading
from tests.sources.webhook.sending import request

PLAIN = EventTemplate("com.example.hook", "/hooks")
JSON = {"content-type": "application/json"}


def event(
    template: EventTemplate, headers: dict[str, str], body: bytes, style: Style | None = None
) -> Event:
    reading = Reading(request(headers, body), "n/s", Limits(), lambda: 0.5)
    return EventMaker(template, style).event_of(reading, Limits())


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/json", b'{"a" :1}'), ("application/x-www-form-urlencoded", b"a=1&b=%20"),
     ("image/png", b"\x89PNG\x00"), ("text/plain; charset=latin-1", b"\xe9")],
)  # fmt: skip
def test_the_data_is_the_body_unchanged_with_its_content_type(kind: str, body: bytes) -> None:
    made = event(PLAIN, {"content-type": kind}, body)

    assert (made.data, made.attributes["datacontenttype"]) == (body, kind)


def test_a_body_without_a_content_type_is_data_unless_it_is_empty() -> None:
    some, none = event(PLAIN, {}, b"a"), event(PLAIN, {}, b"")

    assert (some.data, none.data) == (b"a", None)
    assert "datacontenttype" not in some.attributes


def test_attributes_are_made_of_headers_and_json() -> None:
    template = EventTemplate(
        type="com.github.{{header:X-GitHub-Event}}",
        source="https://github.com/{{/repository/full_name}}",
        subject="{{/number}}",
        extensions={"action": "{{/action}}", "team": "blue"},
    )
    body = b'{"action": "opened", "number": 7, "repository": {"full_name": "me/a b"}}'

    made = event(template, {**JSON, "X-GitHub-Event": "issues"}, body)

    assert made.type == "com.github.issues"
    assert made.source == "https://github.com/me/a%20b"
    assert {made.attributes[name] for name in ("subject", "action", "team")} == {
        "7",
        "opened",
        "blue",
    }


def test_what_is_optional_and_missing_is_left_out() -> None:
    template = replace(PLAIN, subject="{{/a}}", time="{{/t}}", extensions={"ref": "x{{/ref}}"})

    made = event(template, JSON, b'{"ref": ""}')

    assert not {"subject", "time", "ref"} & made.attributes.keys()


@pytest.mark.parametrize(
    ("template", "attribute"),
    [
        (replace(PLAIN, type="a.{{header:X-Event}}"), "type"),
        (replace(PLAIN, source="/{{/repo}}"), "source"),
        (replace(PLAIN, id="{{/id}}"), "id"),
    ],
)
def test_what_is_required_and_missing_is_refused_by_name(
    template: EventTemplate, attribute: str
) -> None:
    with pytest.raises(InvalidEvent) as raised:
        event(template, JSON, b"{}")

    assert (raised.value.code, raised.value.where) == ("missing-value", attribute)


@pytest.mark.parametrize(
    ("style", "headers", "body", "id"),
    [
        ("standardWebhooks", {"webhook-id": "msg1"}, b"{}", "msg1"),
        ("github", {"X-GitHub-Delivery": "72d3"}, b"{}", "72d3"),
        ("stripe", {}, b'{"id": "evt_1"}', "evt_1"),
        (None, {"webhook-id": "a", "X-GitHub-Delivery": "b"}, b"", "a"),
        ("bearer", {"X-GitHub-Delivery": "b"}, b"", "b"),
    ],
)
def test_the_id_is_what_the_sender_of_the_style_gives(
    style: Style | None, headers: dict[str, str], body: bytes, id: str
) -> None:
    assert event(PLAIN, {**JSON, **headers}, body, style).id == id


def test_without_any_id_equal_bodies_are_one_event_unless_chance_is_asked() -> None:
    first, again, other = (event(PLAIN, {}, body).id for body in (b"a", b"a", b"b"))
    chosen = event(replace(PLAIN, id="{{random}}"), {}, b"a").id

    assert first == again != other
    assert chosen == "80000000" * 4


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1700000000", "2023-11-14T22:13:20Z"),
        ("1700000000.5", "2023-11-14T22:13:20.500000Z"),
        ("1700000000123", "2023-11-14T22:13:20.123000Z"),
        ("2026-03-01T12:00:00+01:00", "2026-03-01T12:00:00+01:00"),
        ("999999999999999", "999999999999999"),
        ("yesterday", "yesterday"),
    ],
)
def test_unix_times_become_rfc_3339(text: str, time: str) -> None:
    assert time_of(text) == time


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"t": "yesterday", "s": "x"}', "bad-time"),
        (b'{"s": "two\\nlines"}', "bad-character"),
    ],
)
def test_a_value_that_no_event_may_have_is_refused_by_the_codec(body: bytes, code: str) -> None:
    with pytest.raises(InvalidEvent) as raised:
        event(replace(PLAIN, subject="{{/s}}", time="{{/t}}"), JSON, body)

    assert raised.value.code == code


@pytest.mark.parametrize(
    "template",
    [
        replace(PLAIN, source="no reference%"),
        replace(PLAIN, time="yesterday"),
        replace(PLAIN, subject="a\x00"),
        replace(PLAIN, extensions={"UPPER": "a"}),
        replace(PLAIN, extensions={f"e{number}": "a" for number in range(33)}),
    ],
)
def test_a_template_that_can_make_no_event_is_found_without_one(template: EventTemplate) -> None:
    with pytest.raises(Invalid):
        EventMaker(template).try_out()


@pytest.mark.parametrize("time", ["{{/t}}", "{{/day}}T00:00:00Z", "2026-03-01T12:00:00Z"])
def test_a_template_that_may_make_events_passes(time: str) -> None:
    EventMaker(replace(PLAIN, source="{{/url}}", time=time)).try_out()
