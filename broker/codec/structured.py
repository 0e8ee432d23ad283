"""Structured mode: one event as one JSON object (CloudEvents JSON format 1.0)."""

from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from broker.codec.attributes import OPTIONAL, REQUIRED, checked_event, not_a_string
from broker.codec.limits import DEFAULT_LIMITS, Limits, check_size
from broker.codec.strict_json import check_depth, parse
from broker.codec.usual import usual_event
from broker.codec.values import charset, is_json_type
from broker.errors import InvalidEvent
from broker.event import Event

_STRINGS = OPTIONAL.union(REQUIRED)
_INTEGER_MAX = 2**31
_UTF8 = ("utf-8", "utf8", "us-ascii")
# The envelope of embedded data: one level, and the members beside data.
_EMBEDDED = Limits(json_depth=63, json_nodes=99_900)


class Entry(msgspec.Struct, gc=False):
    """Where in its text an event's data stands; empty where it has no such member."""

    data: msgspec.Raw = msgspec.Raw(b"")


_ENTRY = msgspec.json.Decoder(Entry)


def decode_structured(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Event:
    """The event in `body`; its data member is kept as the very bytes it was written in.

    Without datacontenttype the data is JSON and the event says so from now on
    (JSON format 3.1.2). Raises InvalidEvent, TooLarge.
    """
    if len(body) > limits.event_bytes:
        check_size(len(body), limits.event_bytes, "event")
    members = parse(body, limits)
    if type(members) is not dict:
        raise InvalidEvent(
            "the JSON is no object", code="not-an-object", remedy="send one event as an object"
        )
    return event_of(members, _ENTRY.decode(body) if "data" in members else None, limits)


def event_of(members: dict[str, Any], entry: Entry | None, limits: Limits) -> Event:
    """The event that `members` say; takes them over. `entry` is not None where there is data.

    Raises InvalidEvent, TooLarge.
    """
    content_type = members.pop("datacontenttype", None)
    if content_type is not None and type(content_type) is not str:
        raise not_a_string("datacontenttype")
    data: bytes | None = None
    if entry is not None and "data" in members:
        data = _written_data(entry.data, members, content_type, limits)
        content_type = content_type or "application/json"
    elif "data_base64" in members:
        data = _decoded_data(members.pop("data_base64"))
    event = usual_event(members, content_type, data, limits)
    return event or checked_event(_canonical(members), content_type, data, limits)


def _written_data(
    raw: msgspec.Raw, members: dict[str, Any], content_type: str | None, limits: Limits
) -> bytes:
    value = members.pop("data")
    if "data_base64" in members and members.pop("data_base64") is not None:
        raise InvalidEvent(
            "data stands beside data_base64",
            code="data-twice",
            where="data_base64",
            remedy="send one of them",
        )
    if type(value) is not str or content_type is None or is_json_type(content_type):
        written = bytes(raw)
        if type(value) is dict or type(value) is list:
            check_depth(written, limits.json_depth - 1)
        return written
    if charset(content_type) not in _UTF8 and not value.isascii():
        raise InvalidEvent(
            f"data is text, declared as {charset(content_type)[:40]!r}",
            code="data-charset",
            where="datacontenttype",
            remedy="declare charset=utf-8, or send the encoded bytes as data_base64",
        )
    return value.encode()


def _decoded_data(encoded: object) -> bytes | None:
    if encoded is None:
        return None
    try:
        if type(encoded) is str:
            return a2b_base64(encoded, strict_mode=True)
    except (Base64Error, ValueError) as error:
        raise _bad_base64() from error
    raise _bad_base64()


def _canonical(members: dict[str, object]) -> dict[str, str]:
    """The canonical string of every value (CloudEvents 1.0 "Type System"); null is absent."""
    return {
        name: value if type(value) is str else _canonical_value(name, value)
        for name, value in members.items()
        if value is not None
    }


def _canonical_value(name: str, value: object) -> str:
    if name in _STRINGS:
        raise not_a_string(name)
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int and -_INTEGER_MAX <= value < _INTEGER_MAX:
        return str(value)
    if type(value) in (int, float):
        raise InvalidEvent(
            f"{name} is no integer of 32 bits",
            code="bad-integer",
            where=name,
            remedy="send other numbers as strings",
        )
    raise InvalidEvent(
        f"{name} is an object or an array",
        code="bad-value",
        where=name,
        remedy="send a string, a boolean or an integer; structured content belongs in data",
    )


def _bad_base64() -> InvalidEvent:
    return InvalidEvent(
        "data_base64 is no Base64 string",
        code="bad-base64",
        where="data_base64",
        remedy="write RFC 4648 4 with padding, without line breaks",
    )


def encode_structured(event: Event) -> bytes:
    """`event` as one JSON object; decode_structured gives equal attributes and data.

    Data is embedded as it is where it is declared as JSON and is strict JSON without space
    around it, written as a string where it is text in UTF-8, and data_base64 otherwise: also
    without datacontenttype, because a reader would take embedded data as declared JSON.
    """
    envelope = orjson.dumps(event.attributes)
    if event.data is None:
        return envelope
    return b"%b,%b}" % (envelope[:-1], _data_member(event.data, event.attributes))


def encode_line(event: Event) -> bytes:
    """`encode_structured` without a line break in it, for files of one event a line."""
    text = encode_structured(event)
    if b"\n" not in text and b"\r" not in text:
        return text
    # Only embedded JSON has raw line breaks; its bytes are kept by not embedding it.
    return b"%b,%b}" % (orjson.dumps(event.attributes)[:-1], _base64_member(event.data or b""))


def _data_member(data: bytes, attributes: Mapping[str, str]) -> bytes:
    content_type = attributes.get("datacontenttype")
    if content_type is None:
        return _base64_member(data)
    if is_json_type(content_type):
        return b'"data":' + data if _is_embeddable(data) else _base64_member(data)
    if charset(content_type) not in _UTF8:
        return _base64_member(data)
    try:
        return b'"data":' + orjson.dumps(data.decode())
    except UnicodeDecodeError:
        return _base64_member(data)


def _is_embeddable(data: bytes) -> bool:
    if data != data.strip():
        return False
    try:
        parse(data, _EMBEDDED)
        check_depth(data, _EMBEDDED.json_depth)
    except InvalidEvent:
        return False
    return True


def _base64_member(data: bytes) -> bytes:
    return b'"data_base64":"%b"' % b64encode(data)
