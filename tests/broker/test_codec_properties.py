"""What holds for every event, and for every sequence of bytes."""

import contextlib
import json

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from broker.codec import (
    Limits,
    decode_batch,
    decode_binary,
    decode_stored,
    decode_structured,
    encode_line,
    encode_structured,
    make_event,
    mode,
)
from broker.codec.strict_json import check_depth, parse
from broker.errors import Invalid
from broker.event import Event

# Wall time is the machine's affair, not a property; a failure prints how to repeat it.
unhurried = settings(print_blob=True, suppress_health_check=[HealthCheck.too_slow])

REQUIRED = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
KINDS = ["application/json", "text/plain", "text/xml;charset=latin1", "a/b+json;v=1", "image/png"]

values = some.text(max_size=20)
events_or_none = some.builds(
    lambda more, kind, data: event_or_none({**more, **REQUIRED} | kind, data),
    some.dictionaries(some.text("abz09", min_size=1, max_size=8), values, max_size=4),
    some.sampled_from([{}, *({"datacontenttype": kind} for kind in KINDS)]),
    some.none() | some.binary() | some.text().map(str.encode) | some.builds(lambda: b"{}"),
)
json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=20,
)
json_like = some.lists(
    some.sampled_from([*'[]{},:"\\0-1.eu ', "true", "null", '"a":', '"data":', "\\u003a", "\xff"])
).map(lambda words: "".join(words).encode("latin-1"))


def event_or_none(attributes: dict[str, str], data: bytes | None) -> Event | None:
    with contextlib.suppress(Invalid):
        return make_event(attributes, data)
    return None


def headers_of(event: Event) -> list[tuple[bytes, bytes]]:
    pairs = []
    for line in event.head.split(b"\r\n")[:-1]:
        name, value = line.split(b": ", 1)
        pairs.append((name, value))
    return pairs


@unhurried
@given(events_or_none.filter(bool))
def test_binary_mode_gives_back_attributes_head_and_data(event: Event) -> None:
    again = decode_binary(headers_of(event), event.data or b"", Limits())

    assert (again.attributes, again.head) == (event.attributes, event.head)
    assert (again.data or b"") == (event.data or b"")


@unhurried
@given(events_or_none.filter(bool))
def test_structured_mode_gives_back_attributes_head_and_data(event: Event) -> None:
    again = decode_structured(encode_structured(event), Limits())

    assert (again.attributes, again.data, again.head) == (event.attributes, event.data, event.head)


@unhurried
@given(some.lists(events_or_none.filter(bool), min_size=1, max_size=5))
def test_a_batch_of_lines_gives_back_every_event(events: list[Event]) -> None:
    body = b"[" + b",".join(encode_line(event) for event in events) + b"]"

    again = decode_batch(body, Limits())

    assert b"\n" not in body
    assert [(e.attributes, e.data) for e in again] == [(e.attributes, e.data) for e in events]


@unhurried
@given(events_or_none.filter(bool))
def test_a_stored_head_gives_back_the_event(event: Event) -> None:
    again = decode_stored(event.head, event.data)

    assert (again.attributes, again.data) == (event.attributes, event.data)
    assert all(0x20 <= byte < 0x7F or byte in b"\r\n" for byte in event.head)


@unhurried
@given(json_values, some.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:\r ")]))
def test_json_data_comes_through_as_it_was_written(
    value: object, separators: tuple[str, str]
) -> None:
    written = json.dumps(value, separators=separators, ensure_ascii=False).encode(errors="ignore")
    body = json.dumps(REQUIRED).encode()[:-1] + b', "data" : ' + written + b" }"

    try:
        event = decode_structured(body, Limits())
    except Invalid:
        with pytest.raises((ValueError, Invalid)):
            parse(written, Limits())  # a float that rounds to infinity, never anything else
    else:
        assert event.data == written


def names_repeat(text: bytes) -> bool:
    found = []

    def note(members: list[tuple[str, object]]) -> None:
        found.append(len(members) != len({name for name, _ in members}))

    json.loads(text, object_pairs_hook=note)
    return any(found)


@unhurried
@given(json_like)
@example(b'{"a":":","a":"\\u003a"}')
@example(b'{"a":"\\\\u003a","a":0}')
def test_strict_json_is_what_orjson_takes_without_repeated_names(text: bytes) -> None:
    try:
        orjson.loads(text)
        expected = not names_repeat(text)
    except ValueError:
        expected = False

    try:
        parse(text, Limits())
        taken = True
    except Invalid:
        taken = False

    assert taken == expected


def depth_of(value: object) -> int:
    children = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(map(depth_of, children), default=0) if isinstance(children, list) else 0


@unhurried
@given(json_values, some.integers(1, 4))
def test_depth_is_judged_as_by_walking_the_value(value: object, depth_max: int) -> None:
    text = orjson.dumps(value) if orjson_can(value) else b"0"

    try:
        check_depth(text, depth_max)
        shallow = True
    except Invalid:
        shallow = False

    assert shallow == (depth_of(orjson.loads(text)) <= depth_max)


def orjson_can(value: object) -> bool:
    with contextlib.suppress(orjson.JSONEncodeError):
        orjson.dumps(value)
        return True
    return False


def nodes_of(value: object) -> int:
    children = list(value.values()) if isinstance(value, dict) else value
    return 1 + sum(map(nodes_of, children)) if isinstance(children, list) else 1


@unhurried
@given(json_values, some.integers(1, 12))
@example([""], 1)
def test_nodes_are_judged_as_by_walking_the_value(value: object, nodes_max: int) -> None:
    text = orjson.dumps(value) if orjson_can(value) else b"0"

    try:
        parse(text, Limits(json_nodes=nodes_max))
        few = True
    except Invalid:
        few = False

    assert few == (nodes_of(orjson.loads(text)) <= nodes_max)


@unhurried
@given(some.binary() | json_like)
def test_no_bytes_raise_anything_but_invalid(text: bytes) -> None:
    for read in (decode_structured, decode_batch):
        with contextlib.suppress(Invalid):
            read(text, Limits())
        with contextlib.suppress(Invalid):
            read(b'{"specversion":"1.0","id":"1","source":"/","type":"t",' + text, Limits())
    with contextlib.suppress(Invalid):
        mode(text)
    with contextlib.suppress(Invalid):
        decode_stored(text, None)


@unhurried
@given(
    some.dictionaries(
        some.sampled_from([b"id", b"source", b"type", b"time", b"dataschema", b"zone"])
        | some.binary(max_size=5),
        some.binary(max_size=30) | some.text(max_size=10).map(str.encode),
    )
)
def test_no_headers_raise_anything_but_invalid_and_what_passes_is_clean(
    named: dict[bytes, bytes],
) -> None:
    usual = {name.encode(): value.encode() for name, value in REQUIRED.items()}
    headers = [(b"ce-" + name, value) for name, value in {**usual, **named}.items()]

    with contextlib.suppress(Invalid):
        event = decode_binary(headers, b"", Limits())
        assert event.head.count(b"\r\n") == len(event.attributes) == event.head.count(b": ")
        assert decode_binary(headers_of(event), b"", Limits()).attributes == event.attributes
