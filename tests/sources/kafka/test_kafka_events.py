"""One record to one event: passed through, wrapped as Knative wraps it, or told about."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.event import Event
from sources.refused import REFUSED_TYPE
from tests.sources.kafka.records import FakeRecord, made

CE = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"order-1"),
    ("ce_source", b"/shop"),
    ("ce_type", b"com.example.order"),
]


def told(event: Event) -> dict[str, Any]:
    """The data of an event that stands in for a record."""
    assert event.type == REFUSED_TYPE
    found: dict[str, Any] = orjson.loads(event.data or b"")
    return found


def test_a_plain_record_is_wrapped_as_knative_wraps_it() -> None:
    record = FakeRecord(b'{"n": 1}', b"customer 7", [("Trace-Id", b"abc")])

    event = made(record)

    assert event.data == b'{"n": 1}'
    assert event.attributes == {
        "specversion": "1.0",
        "id": "partition:3/offset:77",
        "source": "/apis/v1/namespaces/shop/kafkasources/orders#orders",
        "type": "dev.knative.kafka.event",
        "subject": "partition:3#77",
        "time": "2023-11-14T22:13:20.123Z",
        "key": "customer 7",
        "partitionkey": "customer 7",
        "kafkaheadertraceid": "abc",
        "datacontenttype": "application/json",
    }


@pytest.mark.parametrize(
    ("value", "content_type"),
    [
        (b'{"a": [1, "\xc3\xa9"]}', "application/json"),
        (b"42", "application/json"),
        (b"plain words", "application/octet-stream"),
        (b'{"a": "\xff"}', "application/octet-stream"),
        (b'{"a": 1} and more', "application/octet-stream"),
        (b"", "application/octet-stream"),
        (b"[" * 100_000 + b"]" * 100_000, "application/octet-stream"),
    ],
)
def test_without_a_content_type_only_json_is_declared_json(value: bytes, content_type: str) -> None:
    assert made(FakeRecord(value)).attributes["datacontenttype"] == content_type


def test_a_content_type_counts_and_is_no_header_attribute() -> None:
    event = made(FakeRecord(b"a,b", headers=[("Content-Type", b"text/csv")]))

    assert event.attributes["datacontenttype"] == "text/csv"
    assert not [name for name in event.attributes if name.startswith("kafkaheader")]


def test_a_broken_content_type_is_as_none() -> None:
    event = made(FakeRecord(b"{}", headers=[("content-type", b"??")]))

    assert event.attributes["datacontenttype"] == "application/json"


def test_a_tombstone_is_an_event_without_data() -> None:
    event = made(FakeRecord(None, b"customer 7"))

    assert event.data is None
    assert event.attributes["kafkatombstone"] == "true"
    assert event.attributes["partitionkey"] == "customer 7"
    assert "datacontenttype" not in event.attributes


def test_of_headers_with_one_name_the_last_counts_and_nameless_ones_are_counted() -> None:
    headers = [("A-b", b"1"), ("ab", b"2"), ("--", b"3"), ("long", b"x" * 2049)]

    event = made(FakeRecord(headers=headers))

    assert event.attributes["kafkaheaderab"] == "2"
    assert event.attributes["kafkaheadersomitted"] == "2"
    assert "kafkaheaderlong" not in event.attributes


def test_more_headers_than_an_event_can_have_are_counted_too() -> None:
    event = made(FakeRecord(key=b"k", headers=[(f"h{index}", b"x") for index in range(40)]))

    assert event.type == "dev.knative.kafka.event"
    assert event.attributes["kafkaheadersomitted"] == "16"


def test_a_topic_made_anew_has_other_ids_for_the_same_offsets() -> None:
    assert made(FakeRecord(), "/topic:abc").id == "partition:3/offset:77/topic:abc"


def test_binary_mode_passes_through_with_the_key_as_partition_key() -> None:
    headers = [*CE, ("ce_team", "größe %41".encode()), ("content-type", b"text/plain")]

    event = made(FakeRecord(b"hello", b"customer 7", headers))

    assert event.data == b"hello"
    assert event.attributes == {
        "specversion": "1.0",
        "id": "order-1",
        "source": "/shop",
        "type": "com.example.order",
        "team": "größe %41",  # not percent-decoded: that is HTTP's rule
        "datacontenttype": "text/plain",
        "partitionkey": "customer 7",
    }


def test_a_partition_key_of_its_own_stays() -> None:
    event = made(FakeRecord(b"", b"other", [*CE, ("ce_partitionkey", b"own")]))

    assert event.attributes["partitionkey"] == "own"


def test_a_binary_event_without_value_has_no_data_and_is_no_tombstone() -> None:
    event = made(FakeRecord(None, None, CE))

    assert event.data is None
    assert "kafkatombstone" not in event.attributes


def test_structured_mode_passes_through_with_its_very_bytes() -> None:
    value = (
        b'{"specversion":"1.0","id":"1","source":"/s","type":"t","n":7,"data": {"b" : 1.50, "a":2}}'
    )
    headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]

    plain, keyed = made(FakeRecord(value, None, headers)), made(FakeRecord(value, b"k", headers))

    assert plain.data == keyed.data == b'{"b" : 1.50, "a":2}'
    assert plain.attributes["n"] == "7"
    assert keyed.attributes == {**plain.attributes, "partitionkey": "k"}


@pytest.mark.parametrize(
    ("value", "headers", "code"),
    [
        (b"x", CE[:3], "missing-attribute"),
        (b"x", [*CE, ("ce_id", b"2")], "repeated-attribute"),
        (b"x", [*CE, ("ce_datacontenttype", b"a/b")], "repeated-attribute"),
        (b"x", [*CE, ("ce_Bad", b"2")], "bad-name"),
        (b"x", [*CE, ("ce_team", b"\xff")], "bad-encoding"),
        (b"x", [*CE, ("ce_time", b"yesterday")], "bad-time"),
        (b"{", [("content-type", b"application/cloudevents+json")], "invalid-json"),
        (b"x", [("content-type", b"application/cloudevents+avro")], "unsupported-format"),
        (b"[]", [("content-type", b"application/cloudevents-batch+json")], "unsupported-format"),
    ],
)
def test_a_broken_promise_to_be_an_event_is_told_with_its_place(
    value: bytes, headers: list[tuple[str, bytes]], code: str
) -> None:
    found = told(made(FakeRecord(value, None, headers)))

    assert found["refused"] == "orders partition:3/offset:77"
    assert (found["topic"], found["partition"], found["offset"]) == ("orders", 3, 77)
    assert found["code"] == code
    assert found["why"]
    assert found["remedy"]


@given(
    st.none() | st.binary(max_size=200),
    st.none() | st.binary(max_size=50),
    st.lists(
        st.tuples(
            st.sampled_from(["a", "content-type", "ce_id", "ce_type", "ce_source"])
            | st.text(max_size=20),
            st.none() | st.binary(max_size=50),
        ),
        max_size=40,
    ),
    st.integers(-(2**63), 2**63 - 1),
)
def test_whatever_a_record_holds_it_becomes_an_event(
    value: bytes | None,
    key: bytes | None,
    headers: list[tuple[str, bytes | None]],
    timestamp: int,
) -> None:
    event = made(FakeRecord(value, key, headers, timestamp=timestamp))

    assert event.id
    assert event.type in ("dev.knative.kafka.event", REFUSED_TYPE)
