"""What JSON is refused or bounded, wherever in an event it stands."""

import json

import pytest

from broker.codec import Limits, decode_structured
from broker.codec.limits import DEFAULT_LIMITS
from broker.errors import InvalidEvent
from broker.event import Event

USUAL = '"specversion":"1.0","id":"1","source":"/s","type":"t"'


def decode(members: str, limits: Limits = DEFAULT_LIMITS) -> Event:
    """Decode the usual members followed by `members`, written as JSON."""
    return decode_structured(("{" + USUAL + "," + members + "}").encode(), limits)


def refusal(members: str) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        decode(members)
    return caught.value


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e999", "01", "+1", ".5", "'a'", "[1,]", "\\u0031", ""],
)
def test_what_is_no_json_is_refused_in_data_too(value: str) -> None:
    error = refusal(f'"data":{value}')

    assert error.code == "invalid-json"


@pytest.mark.parametrize("value", ["\\ud800", "\\udc00\\ud800", "\\ud83dx", "a\tb", "\\q", "\\u12"])
def test_broken_strings_are_refused_in_data_too(value: str) -> None:
    error = refusal(f'"data":{{"a":"{value}"}}')

    assert error.code == "invalid-json"


@pytest.mark.parametrize("raw", [b"\xff", b"\xc0\xa0", b"\xed\xa0\x80", b"\xe2\x82"])
def test_bad_utf8_is_refused_in_skipped_data_too(raw: bytes) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_structured(b"{" + USUAL.encode() + b',"data":{"a":"' + raw + b'"}}', Limits())

    assert caught.value.code == "invalid-json"


@pytest.mark.parametrize("body", [b"", b" ", b"{", b'{"id"', b"{}x", b"{}{}", b"\xef\xbb\xbf{}"])
def test_a_broken_document_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_structured(body, Limits())

    assert caught.value.code == "invalid-json"


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"', b"true"])
def test_a_document_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_structured(body, Limits())

    assert caught.value.code == "not-an-object"


@pytest.mark.parametrize(
    "members",
    [
        '"id":"2"',
        '"\\u0069d":"2"',
        '"zone":"a","zone":"a"',
        '"data":1,"data":1',
        '"data":{"a":1,"a":1}',
        '"data":{"a": 1, "\\u0061": 2}',
        '"data":[[{"b":{":":1, ":":"\\u003a"}}]]',
        '"data":{"a":"\\u003a","a":"\\u003a"}',
        '"data":{"":0,"":1}',
        '"data":{' + ",".join(f'"{number}":0' for number in range(40_000)) + ',"7":0}',
    ],
)
def test_a_name_that_comes_twice_is_refused_at_any_depth(members: str) -> None:
    error = refusal(members)

    assert error.code == "repeated-member"


def test_a_repeated_name_is_named() -> None:
    error = refusal('"data":[{"petals": 4, "petals": 5}]')

    assert error.where == "petals"


@pytest.mark.parametrize(
    "data",
    [
        '[{"a":1},{"a":1}]',
        '{"a": {"a": 1}}',
        '{"a":":", "b":"\\u003a", "\\u003a":0}',
        '{"\\"a\\":": 1, "\\\\": 2}',
    ],
)
def test_a_name_may_come_again_in_another_object(data: str) -> None:
    event = decode(f'"data":{data}')

    assert event.data == data.encode()


def nested(levels: int) -> str:
    return '[{"a":' * (levels // 2) + "[" * (levels % 2) + "]" * (levels % 2) + "}]" * (levels // 2)


def test_depth_is_bounded_with_the_event_itself_as_the_first_level() -> None:
    deepest = nested(62).replace('{"a":}', '{"a":[]}')

    accepted = decode(f'"data":{deepest}')
    error = refusal(f'"data":[{deepest}]')

    assert accepted.data == deepest.encode()
    assert error.code == "too-deep"


@pytest.mark.parametrize("levels", [64, 65, 128, 300, 900, 2_000, 90_000])
def test_no_depth_gets_past_the_limit(levels: int) -> None:
    error = refusal(f'"data":{"[" * levels}{"]" * levels}')

    assert error.code == "too-deep"


def test_brackets_in_strings_and_side_by_side_are_no_depth() -> None:
    wide = json.dumps({"text": "[{" * 100 + '\\"', "rows": [{"a": []}] * 100})

    event = decode(f'"data":{wide}')

    assert event.data == wide.encode()


def test_nodes_are_bounded_and_names_are_none() -> None:
    limits = Limits(json_nodes=12)  # the event, its 4 attributes, data and 6 entries

    accepted = decode('"data":[1,{"a":[]},"[,",{}, 2]', limits)
    with pytest.raises(InvalidEvent) as caught:
        decode('"data":[1,{"a":[]},"[,",{}, 2,3]', limits)

    assert accepted.data is not None
    assert caught.value.code == "too-many-nodes"


def test_a_hundred_thousand_nodes_are_the_usual_limit() -> None:
    error = refusal('"data":[' + "1," * 100_000 + "1]")

    assert error.code == "too-many-nodes"
