"""One record to one event. Pure.

A record that says it is a CloudEvent (CloudEvents Kafka protocol binding 1.0.2) passes through:
structured mode by its content-type, binary mode by a `ce_` header of a required attribute. Its
attributes and data stay as they are; `partitionkey` is the record's key where it has none of
its own. One that breaks that promise becomes an event that tells of it.

Any other is wrapped as Knative's KafkaSource wraps it. Beyond that:
- without a content-type, JSON is declared application/json, all else application/octet-stream;
- a value of null (a tombstone) is an event without data, with `kafkatombstone`;
- of headers that give the same name the last counts; those without a letter or digit, longer
  than 2,048 characters or beyond the 24th are left out, and `kafkaheadersomitted` counts them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from broker.codec import Limits, decode_structured, make_event, mode, with_attributes
from broker.errors import Invalid, InvalidEvent
from broker.event import Event
from sources.kafka.attributes import (
    TEXT_CHARACTERS_MAX,
    header_attribute,
    key_text,
    media_type,
    text_of,
    time_text,
)
from sources.refused import refused_event
from sources.spec import SourceSpec

TYPE = "dev.knative.kafka.event"
HEADERS_MAX = 24  # of the 32 extensions that an event may have
_REQUIRED = frozenset({"ce_specversion", "ce_id", "ce_source", "ce_type"})
# What is too large is for the broker's own limit to say.
_LIMITS = Limits(event_bytes=2**31)
_JSON = msgspec.json.Decoder(msgspec.Raw)

Headers = Sequence[tuple[str, bytes | None]]


class Record(Protocol):
    """As the client library gives them; `timestamp` in ms since 1970, below 0 for none."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class EventMaker:
    """Makes the events of one topic. `mark` is of a topic that was made anew, else empty."""

    def __init__(self, spec: SourceSpec, topic: str, mark: str) -> None:
        self._spec = spec
        self._topic = topic
        self._mark = mark
        path = f"/apis/v1/namespaces/{spec.namespace}/kafkasources/{spec.own_name}"
        self._source = f"{path}#{topic}"

    def make(self, record: Record, now: datetime) -> Event:
        try:
            return self._made(record)
        except Invalid as error:
            found = {
                "topic": self._topic,
                "partition": record.partition,
                "offset": record.offset,
                "bytes": len(record.value or b""),
            }
            what = self.place(record.partition, record.offset)
            return refused_event(self._spec, what, error, now, found)

    def place(self, partition: int, offset: int) -> str:
        """What a record is called, once and for ever."""
        return f"{self._topic} partition:{partition}/offset:{offset}{self._mark}"

    def _made(self, record: Record) -> Event:
        headers = record.headers
        if not headers:
            return self._wrapped(record, None)
        content_type = _content_type(headers)
        if record.value is not None and content_type is not None and _is_event(content_type):
            event = decode_structured(record.value, _LIMITS)
            key = key_text(record.key)
            if key is None or "partitionkey" in event.attributes:
                return event
            return with_attributes(event, {"partitionkey": key})
        if not _REQUIRED.isdisjoint([name for name, _ in headers]):
            return _binary(record, content_type)
        return self._wrapped(record, content_type)

    def _wrapped(self, record: Record, content_type: bytes | None) -> Event:
        partition, offset, value = record.partition, record.offset, record.value
        found = {
            "specversion": "1.0",
            "id": f"partition:{partition}/offset:{offset}{self._mark}",
            "source": self._source,
            "type": TYPE,
            "subject": f"partition:{partition}#{offset}",
        }
        if (time := time_text(record.timestamp)) is not None:
            found["time"] = time
        if (key := key_text(record.key)) is not None:
            found["key"] = found["partitionkey"] = key
        if record.headers:
            _add_headers(found, record.headers)
        if value is None:
            found["kafkatombstone"] = "true"
        else:
            found["datacontenttype"] = _declared(content_type) or _looks_like(value)
        return make_event(found, value)


def _content_type(headers: Headers) -> bytes | None:
    for name, value in headers:
        if name == "content-type" or name.lower() == "content-type":
            return value
    return None


def _is_event(content_type: bytes) -> bool:
    """Whether the value is a whole event; raises InvalidEvent where it is one in other formats."""
    found = mode(content_type)
    if found == "batch":
        raise InvalidEvent(
            "the Kafka protocol binding has no batches",
            code="unsupported-format",
            where="content-type",
            remedy="send each event as a record of its own",
        )
    return found == "structured"


def _binary(record: Record, content_type: bytes | None) -> Event:
    """Attributes in headers, as UTF-8 and not percent-encoded (Kafka protocol binding 3.2)."""
    found: dict[str, Any] = {}
    for name, value in record.headers:
        if name.startswith("ce_"):
            attribute = name[3:]
            if attribute in found or attribute == "datacontenttype":
                raise _twice(name)
            found[attribute] = _text(name, value)
    if content_type is not None:
        found["datacontenttype"] = _text("content-type", content_type)
    if "partitionkey" not in found and (key := key_text(record.key)) is not None:
        found["partitionkey"] = key
    return make_event(found, record.value)


def _text(name: str, value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError as error:
        raise InvalidEvent(
            f"the header {name} has bytes that are not UTF-8",
            code="bad-encoding",
            where=name,
            remedy="write it in UTF-8",
        ) from error


def _twice(name: str) -> InvalidEvent:
    return InvalidEvent(
        f"the header {name} says what another says already",
        code="repeated-attribute",
        where=name,
        remedy="send each attribute once, the data's type as content-type",
    )


def _add_headers(found: dict[str, str], headers: Headers) -> None:
    added: dict[str, str] = {}
    omitted = 0
    for name, value in headers:
        if name.lower() == "content-type":
            continue
        attribute, text = header_attribute(name), text_of(value or b"")
        if attribute is None or len(text) > TEXT_CHARACTERS_MAX:
            omitted += 1
        elif len(added) < HEADERS_MAX or attribute in added:
            added[attribute] = text
        else:
            omitted += 1
    found.update(added)
    if omitted:
        found["kafkaheadersomitted"] = str(omitted)


def _declared(content_type: bytes | None) -> str | None:
    return None if content_type is None else media_type(content_type)


def _looks_like(value: bytes) -> str:
    try:
        _JSON.decode(value)
        if not value.isascii():
            value.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "application/octet-stream"
    return "application/json"
