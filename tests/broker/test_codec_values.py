"""Times, addresses and media types against RFC 3339, 3986 and 2045."""

import pytest

from broker.codec import make_event, mode
from broker.errors import InvalidEvent
from broker.event import Event


def event_with(**attributes: str) -> Event:
    usual = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
    return make_event({**usual, **attributes}, None)


@pytest.mark.parametrize(
    "time",
    [
        "2026-05-04T10:20:30Z",
        "2026-05-04t10:20:30z",
        "2026-05-04T10:20:30.123456789012Z",
        "2026-05-31T10:20:30+05:30",
        "2026-01-31T10:20:30Z",
        "2026-11-30T10:20:30Z",
        "2026-02-28T10:20:30Z",
        "2024-02-29T23:59:59-00:00",
        "2000-02-29T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "2017-01-01T05:29:60+05:30",
        "0000-01-01T00:00:00Z",
    ],
)
def test_an_rfc_3339_time_is_kept_as_written(time: str) -> None:
    event = event_with(time=time)

    assert event.attributes["time"] == time


@pytest.mark.parametrize(
    "time",
    [
        "2026-05-04",
        "2026-05-04T10:20Z",
        "2026-05-04T10:20:30",
        "2026-05-04 10:20:30Z",
        "20260504T102030Z",
        "2026-5-4T10:20:30Z",
        "2026-13-01T10:20:30Z",
        "2026-00-01T10:20:30Z",
        "2026-02-29T10:20:30Z",
        "1900-02-29T10:20:30Z",
        "2026-04-31T10:20:30Z",
        "2026-11-31T10:20:30Z",
        "2026-02-30T10:20:30Z",
        "2026-01-00T10:20:30Z",
        "2026-05-32T10:20:30Z",
        "2026-05-04T24:00:00Z",
        "2026-05-04T10:60:00Z",
        "2026-05-04T10:20:61Z",
        "2016-12-31T23:58:60Z",
        "2026-05-04T10:20:30.Z",
        "2026-05-04T10:20:30+24:00",
        "2026-05-04T10:20:30+0530",
        "2026-05-04T10:20:30Z ",
        "٢٠٢٦-05-04T10:20:30Z",
        "1748339200",
        "yesterday",
    ],
)
def test_any_other_time_is_refused(time: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        event_with(time=time)

    assert (caught.value.code, caught.value.where) == ("bad-time", "time")


@pytest.mark.parametrize(
    "source",
    [
        "/",
        ".",
        "a",
        "//host/path",
        "https://user:word@example.com:8080/a/b;c=1?q=/?#frag/?",
        "http://[2001:db8::1]:80/x",
        "http://[v1.a:b]/",
        "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "mailto:cncf@example.com",
        "1-555-123-4567",
        "a/b:c",
        "?only=query",
        "#only",
        "/a%20b",
        "tel:",
        "http:",
        "file:///etc/hosts",
    ],
)
def test_a_source_is_any_uri_reference(source: str) -> None:
    event = event_with(source=source)

    assert event.source == source


@pytest.mark.parametrize(
    "source",
    [
        "a b",
        "/é",
        "1a:b",
        ":a",
        "/a%2",
        "/a%zz",
        "http://[::1",
        "http://host:port/",
        "//a@b@c/",
        "/[x]",
        "a#b#c",
        "/a|b",
        "/a<b>",
        "/a\\b",
        "/a^b`c{d}",
        "http://exa mple/",
    ],
)
def test_a_source_that_is_no_uri_reference_is_refused(source: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        event_with(source=source)

    assert (caught.value.code, caught.value.where) == ("bad-source", "source")


@pytest.mark.parametrize("schema", ["https://example.com/s.json", "urn:a:b", "http://a/s#/$defs/x"])
def test_a_dataschema_is_a_uri_with_its_scheme(schema: str) -> None:
    event = event_with(dataschema=schema)

    assert event.attributes["dataschema"] == schema


@pytest.mark.parametrize("schema", ["/s.json", "s.json", "//host/s", "#x", "http://a b/"])
def test_a_relative_dataschema_is_refused(schema: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        event_with(dataschema=schema)

    assert (caught.value.code, caught.value.where) == ("bad-dataschema", "dataschema")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, "binary"),
        (b"", "binary"),
        (b"application/json", "binary"),
        (b"application/cloudevents+json", "structured"),
        (b"Application/CloudEvents+JSON; Charset=UTF-8", "structured"),
        (b'application/cloudevents+json ;charset="utf-8"; x=y', "structured"),
        (b"application/cloudevents-batch+json", "batch"),
        (b"application/cloudevents-batch+json;charset=utf-8", "batch"),
    ],
)
def test_the_content_type_says_the_mode(content_type: bytes | None, expected: str) -> None:
    assert mode(content_type) == expected


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents",
        b"application/cloudevents+xml",
        b"application/cloudevents+avro",
        b"application/cloudevents-batch",
        b"application/cloudevents+json+x",
        b"application/cloudevents+json; charset=iso-8859-1",
        b"application/cloudevents+json; charset=utf-16",
        b"application/cloudevents\xff",
    ],
)
def test_an_unknown_event_format_or_charset_is_refused(content_type: bytes) -> None:
    with pytest.raises(InvalidEvent) as caught:
        mode(content_type)

    assert caught.value.code == "unsupported-format"


def test_no_pattern_takes_longer_than_its_value_is_long() -> None:
    long = "a" * 200_000

    for source in (f"//{long}@{long} ", f"{long}: ", "%20" * 100_000 + " "):
        with pytest.raises(InvalidEvent):
            event_with(source=source)
