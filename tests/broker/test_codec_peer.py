"""The CloudEvents SDK as an oracle: equal where it is right, stricter where it is known lax."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_binary_event,
    from_structured_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from broker.codec import Limits, decode_binary, decode_structured, encode_structured, make_event
from broker.errors import InvalidEvent
from broker.event import Event

# Wall time is the machine's affair, not a property; a failure prints how to repeat it.
unhurried = settings(print_blob=True, suppress_health_check=[HealthCheck.too_slow])

REQUIRED = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef]")

texts = some.text(min_size=1, max_size=30).filter(
    lambda text: not FORBIDDEN.search(text) and not any(ord(c) & 0xFFFE == 0xFFFE for c in text)
)
names = some.text("abcxyz019", min_size=1, max_size=20).filter(
    lambda name: name not in ("data", "id", "time", "type")
)
times = some.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(
    lambda time: time.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
)
attributes = some.builds(
    lambda more, own: {**more, **REQUIRED, **own},
    some.dictionaries(names, texts, max_size=4),
    some.fixed_dictionaries({"id": texts, "type": texts, "subject": texts, "time": times}),
)
payloads = some.dictionaries(some.text(), some.integers(-(2**53), 2**53) | some.text())


def message(event: Event) -> HTTPMessage:
    lines = event.head.decode().split("\r\n")[:-1]
    headers = dict(line.split(": ", 1) for line in lines)
    return HTTPMessage(headers=headers, body=event.data or b"")


def as_ours(attributes: dict[str, Any]) -> dict[str, str]:
    return {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in attributes.items()
    }


@unhurried
@given(attributes, payloads)
def test_the_sdk_reads_our_binary_mode_as_we_meant_it(
    attributes: dict[str, str], payload: dict[str, Any]
) -> None:
    kind = {"datacontenttype": "application/json"}
    event = make_event({**attributes, **kind}, json.dumps(payload).encode())

    read = from_binary_event(message(event))

    assert as_ours(read.get_attributes()) == event.attributes
    assert (read.get_data() or {}) == payload


@unhurried
@given(attributes, payloads)
def test_the_sdk_reads_our_structured_mode_as_we_meant_it(
    attributes: dict[str, str], payload: dict[str, Any]
) -> None:
    kind = {"datacontenttype": "application/json"}
    event = make_event({**attributes, **kind}, json.dumps(payload).encode())

    read = from_structured_event(HTTPMessage(headers={}, body=encode_structured(event)))

    assert as_ours(read.get_attributes()) == event.attributes
    assert read.get_data() == payload


@unhurried
@given(attributes, payloads)
def test_we_read_the_binary_mode_of_the_sdk(
    attributes: dict[str, str], payload: dict[str, Any]
) -> None:
    sent = {**attributes, "time": datetime.fromisoformat(attributes["time"])}
    written = to_binary_event(CloudEvent({**sent, "datacontenttype": "a/json"}, payload))
    headers = [(name.encode(), value.encode()) for name, value in written.headers.items()]

    event = decode_binary(headers, written.body, Limits())

    assert event.attributes == {**attributes, "datacontenttype": "a/json"}
    assert event.data == written.body


@unhurried
@given(attributes, payloads)
def test_we_read_the_structured_mode_of_the_sdk(
    attributes: dict[str, str], payload: dict[str, Any]
) -> None:
    sent = {**attributes, "time": datetime.fromisoformat(attributes["time"])}
    written = to_structured_event(CloudEvent(sent, payload))

    event = decode_structured(written.body, Limits())

    assert event.attributes == {**attributes, "datacontenttype": "application/json"}
    assert json.loads(event.data or b"") == payload


def sdk_binary(headers: dict[str, str]) -> Any:
    return from_binary_event(HTTPMessage(headers=headers, body=b""))


def sdk_structured(body: bytes) -> Any:
    return from_structured_event(HTTPMessage(headers={}, body=body))


def headers_with(**changes: str | None) -> dict[str, str]:
    headers = {f"ce-{name}": value for name, value in {**REQUIRED, **changes}.items()}
    return {name: value for name, value in headers.items() if value is not None}


def refused_binary(headers: dict[str, str]) -> str:
    with pytest.raises(InvalidEvent) as caught:
        decode_binary([(n.encode(), v.encode()) for n, v in headers.items()], b"", Limits())
    return caught.value.code


def refused_structured(body: bytes) -> str:
    with pytest.raises(InvalidEvent) as caught:
        decode_structured(body, Limits())
    return caught.value.code


def document(members: str) -> bytes:
    return (json.dumps(REQUIRED)[:-1] + "," + members + "}").encode()


def test_the_sdk_invents_a_missing_id_and_we_refuse() -> None:
    headers = headers_with(id=None)

    assert sdk_binary(headers).get_id()
    assert refused_binary(headers) == "missing-attribute"


def test_the_sdk_invents_a_missing_specversion_and_we_refuse() -> None:
    headers = headers_with(specversion=None)

    assert sdk_binary(headers).get_specversion() == "1.0"
    assert refused_binary(headers) == "missing-attribute"


@pytest.mark.parametrize(
    ("written", "code"),
    [("%C0%A0", "bad-encoding"), ("%0D%0A", "bad-character"), ("%00", "bad-character")],
)
def test_the_sdk_takes_hostile_percent_encodings_and_we_refuse(written: str, code: str) -> None:
    headers = headers_with(subject=written)

    assert sdk_binary(headers).get_subject()
    assert refused_binary(headers) == code


def test_the_sdk_keeps_the_quotes_that_we_undo() -> None:
    headers = headers_with(subject='"a b"')
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]

    assert sdk_binary(headers).get_subject() == '"a b"'
    assert decode_binary(pairs, b"", Limits()).attributes["subject"] == "a b"


def test_the_sdk_lets_a_forged_datacontenttype_win_and_we_refuse() -> None:
    headers = {"content-type": "text/plain", **headers_with(datacontenttype="text/html")}

    assert sdk_binary(headers).get_datacontenttype() == "text/html"
    assert refused_binary(headers) == "reserved-name"


def test_the_sdk_cuts_nanoseconds_that_we_keep() -> None:
    headers = headers_with(time="2026-01-01T00:00:00.123456789Z")
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]

    assert sdk_binary(headers).get_time().microsecond == 123456
    assert decode_binary(pairs, b"", Limits()).attributes["time"].endswith(".123456789Z")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ('"id":"2"', "repeated-member"),
        ('"data":{"a":1,"a":2}', "repeated-member"),
        ('"data":[NaN]', "invalid-json"),
        ('"data":[Infinity]', "invalid-json"),
        ('"data":[1e999]', "invalid-json"),
        ('"data":"\\ud800"', "invalid-json"),
        ('"data_base64":"Q Q = ="', "bad-base64"),
        ('"zone":[1]', "bad-value"),
        ('"zone":1.5', "bad-integer"),
        ('"zone":4294967296', "bad-integer"),
        ('"dataschema":"/relative"', "bad-dataschema"),
        ('"subject":"\\u0000"', "bad-character"),
    ],
)
def test_the_sdk_takes_documents_that_we_refuse(members: str, code: str) -> None:
    body = document(members)

    assert sdk_structured(body)
    assert refused_structured(body) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (document('"data":' + "[" * 40_000 + "]" * 40_000), "too-deep"),
        (document('"data":' + "1" * 5_000), "invalid-json"),
        (document('"time":"soon"'), "bad-time"),
        (b"[]", "not-an-object"),
    ],
)
def test_where_the_sdk_breaks_down_we_answer(body: bytes, code: str) -> None:
    with pytest.raises((RecursionError, ValueError, AttributeError)):
        sdk_structured(body)

    assert refused_structured(body) == code


@unhurried
@given(attributes, some.binary())
def test_the_sdk_reads_the_same_bytes_out_of_our_base64(
    attributes: dict[str, str], data: bytes
) -> None:
    event = make_event({**attributes, "datacontenttype": "application/octet-stream"}, data)
    members = {**event.attributes, "data_base64": b64encode(data).decode()}

    again = decode_structured(json.dumps(members).encode(), Limits())

    assert again.data == data == sdk_structured(json.dumps(members).encode()).get_data()
