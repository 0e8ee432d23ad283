"""The event as nearly all are: plain values, from a source and of a type seen before.

What events of one source and type have in common is checked once and remembered; what differs
from event to event is checked each time. The rules are those of `attributes`, which also looks
at every event that is not of this kind, and says what is wrong with it.
"""

from functools import lru_cache

from broker.codec.limits import Limits
from broker.codec.values import (
    NAME,
    PLAIN,
    is_absolute_uri,
    is_data_type,
    is_time,
    is_uri_reference,
)
from broker.event import Event

# The attributes of an event that is still without its id, the header lines of source and type,
# and the one of the content-type (empty where there is none).
Kin = tuple[dict[str, str], str, str]

_REQUIRED = frozenset(("specversion", "id", "source", "type"))
# Longer values are never remembered, so what is remembered stays below a few megabytes.
_REMEMBERED_CHARACTERS = 512


def usual_event(
    found: dict[str, str], content_type: str | None, data: bytes | None, limits: Limits
) -> Event | None:
    """The checked event, or None where `found` must be looked at more closely.

    Every value of `found` is plain (`values.is_plain`); it is left as it is.
    """
    event_id = found.get("id")
    if not event_id or found.get("specversion") != "1.0" or len(found) > limits.extensions:
        return None
    kin = _known_kin(found.get("source", ""), found.get("type", ""), content_type)
    if kin is None:
        return None
    attributes = kin[0].copy()
    attributes["id"] = event_id
    lines = f"ce-specversion: 1.0\r\nce-id: {event_id}\r\n{kin[1]}"
    if len(found) > len(_REQUIRED):
        for name, value in found.items():
            if name in _REQUIRED:
                continue
            if not (is_time(value) if name == "time" else _may_have(name, value)):
                return None
            attributes[name] = value
            lines += f"ce-{name}: {value}\r\n"
    if content_type is not None:
        attributes["datacontenttype"] = content_type
        lines += kin[2]
    return Event(attributes, data, lines.encode())


def _known_kin(source: str, event_type: str, content_type: str | None) -> Kin | None:
    characters = len(source) + len(event_type)
    if content_type is not None:
        characters += len(content_type)
    return _kin(source, event_type, content_type) if characters <= _REMEMBERED_CHARACTERS else None


# Sources and types are few beside their events. One that does not come again in a thousand is
# forgotten; the dictionary is copied by all who get it.
@lru_cache(maxsize=1024)
def _kin(source: str, event_type: str, content_type: str | None) -> Kin | None:
    if not event_type or PLAIN.fullmatch(source + event_type) is None:
        return None
    if not source or not is_uri_reference(source):
        return None
    if content_type is not None and not is_data_type(content_type):
        return None
    attributes = {"specversion": "1.0", "id": "", "source": source, "type": event_type}
    content_line = "" if content_type is None else f"content-type: {content_type}\r\n"
    return attributes, f"ce-source: {source}\r\nce-type: {event_type}\r\n", content_line


def _may_have(name: str, value: str) -> bool:
    """Whether an event may have the attribute `name`, neither required nor time, with `value`."""
    if name == "subject":
        return value != ""
    if name == "dataschema":
        return is_absolute_uri(value)
    return len(name) <= _REMEMBERED_CHARACTERS and _is_extension(name)


@lru_cache(maxsize=1024)
def _is_extension(name: str) -> bool:
    return NAME.fullmatch(name) is not None and name != "data"
