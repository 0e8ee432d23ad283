"""What is usual is told quickly: nothing may pass so that would be refused otherwise."""

import json

import pytest

from broker.codec import Limits, decode_binary, decode_structured, make_event
from broker.errors import Invalid, InvalidEvent, TooLarge
from broker.event import Event

USUAL = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}


def decode(members: dict[str, object], limits: Limits | None = None) -> Event:
    return decode_structured(json.dumps({**USUAL, **members}).encode(), limits or Limits())


@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "time", "zone"])
@pytest.mark.parametrize("value", ["a\r\nce-x: b", "a\r\n", " \r\n", "a\x00", "\ufffe", "\ud800"])
def test_no_value_can_write_a_line_of_the_head(name: str, value: str) -> None:
    with pytest.raises(Invalid):
        decode({name: value})
    with pytest.raises((Invalid, UnicodeEncodeError)):
        decode_binary(
            [(f"ce-{n}".encode(), v.encode()) for n, v in {**USUAL, name: value}.items()], b""
        )
    with pytest.raises(InvalidEvent):
        make_event({**USUAL, name: value}, None)


@pytest.mark.parametrize("name", ["zone: a\r\nce-b", "Zone", "zo ne", "z\u00f6ne", "", "data"])
def test_no_name_can_write_a_line_of_the_head(name: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        make_event({**USUAL, name: "a"}, None)

    assert caught.value.code in ("bad-name", "reserved-name")


@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "time"])
@pytest.mark.parametrize("value", [1, True, 1.5, [], {}, ["a"]])
def test_no_value_of_another_kind_passes_for_a_string(name: str, value: object) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode({name: value})

    assert caught.value.code == "bad-value"


@pytest.mark.parametrize("source", ["a b", "%zz", "http://[", "a:b:[c", "/" + "a" * 600 + "["])
def test_a_bad_source_is_refused_each_time(source: str) -> None:
    for _ in range(2):
        with pytest.raises(InvalidEvent) as caught:
            decode({"source": source})

        assert caught.value.code == "bad-source"


@pytest.mark.parametrize("size", [1, 511, 512, 100_000])
def test_a_source_of_any_size_is_taken(size: int) -> None:
    event = decode({"source": "s" * size, "zone": "a"})

    assert event.head.split(b"\r\n")[2] == b"ce-source: " + b"s" * size


def test_events_of_one_source_and_type_share_no_attributes() -> None:
    first = decode({"id": "1", "zone": "a"})
    second = decode({"id": "2"})

    assert first.attributes == {**USUAL, "zone": "a"}
    assert second.attributes == {**USUAL, "id": "2"}


def test_extensions_are_counted_without_what_is_optional() -> None:
    optional = {"subject": "a", "time": "2026-05-04T10:20:30Z", "dataschema": "a:b"}
    two = {"a": "1", "b": "2"}

    event = decode({**optional, **two}, Limits(extensions=2))
    with pytest.raises(TooLarge):
        decode({**optional, **two, "c": "3"}, Limits(extensions=2))

    assert len(event.attributes) == 9


@pytest.mark.parametrize("kind", ["application/cloudevents+json", "APPLICATION/CloudEvents", "a"])
def test_no_type_of_data_may_be_an_events_own(kind: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode({"datacontenttype": kind})

    assert caught.value.code == "bad-datacontenttype"
