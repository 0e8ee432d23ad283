"""The event as nearly all are: plain values, from a source and of a type seen before.

What comes again with every event of one source and type is checked once and remembered; what
differs from event to event is checked each time. The rules are those of `attributes`, which
looks at every event that is not of this kind, and says what is wrong with it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from broker.codec.limits import Limits
from broker.codec.values import (
    NAME,
    PLAIN,
    PLAIN_BYTES,
    is_absolute_uri,
    is_data_type,
    is_time,
    is_uri_reference,
)
from broker.event import Event

_KNOWN = frozenset(("specversion", "id", "source", "type", "time", "subject"))
# Longer values are not remembered: what is remembered stays below a few megabytes.
_REMEMBERED_CHARACTERS = 512


def usual_event(
    found: dict[str, Any], content_type: str | None, data: bytes | None, limits: Limits
) -> Event | None:
    """The checked event, which takes `found` over; None where that needs a closer look.

    `found` is without datacontenttype, which is `content_type`; its values may be anything.
    It stays as it is where None is given.
    """
    event_id = found.get("id")
    source = found.get("source")
    event_type = found.get("type")
    if type(event_id) is not str or type(source) is not str or type(event_type) is not str:
        return None
    if not event_id or found.get("specversion") != "1.0" or len(found) > limits.extensions:
        return None
    if len(source) + len(event_type) > _REMEMBERED_CHARACTERS:
        return None
    kin = _kin_lines(source, event_type)
    others = _other_lines(found)
    last = b"" if content_type is None else _content_line(content_type)
    if kin is None or others is None or last is None:
        return None
    text = f"ce-specversion: 1.0\r\nce-id: {event_id}\r\n{kin}{others}"
    if not text.isascii():
        return None
    # A line of plain name and value has these three bytes beside: any more are of a value.
    lines = text.encode()
    if lines.translate(None, PLAIN_BYTES) != b" \r\n" * len(found):
        return None
    if content_type is not None:
        found["datacontenttype"] = content_type
    return Event(found, data, lines + last)


# A source or type that does not come again within a thousand is forgotten.
@lru_cache(maxsize=1024)
def _kin_lines(source: str, event_type: str) -> str | None:
    """The header lines that events of one source and type share; None if these may not be."""
    if not source or not event_type or PLAIN.fullmatch(source + event_type) is None:
        return None
    return f"ce-source: {source}\r\nce-type: {event_type}\r\n" if is_uri_reference(source) else None


def _other_lines(found: Mapping[str, Any]) -> str | None:
    """The header lines of what is not required; None where it may not be, or not so."""
    lines = ""
    known = 4
    subject = found.get("subject")
    if subject is not None:
        if not subject or type(subject) is not str:
            return None
        lines = f"ce-subject: {subject}\r\n"
        known = 5
    time = found.get("time")
    if time is not None:
        if type(time) is not str or not is_time(time):
            return None
        lines += f"ce-time: {time}\r\n"
        known += 1
    if len(found) > known:
        names = tuple(found)
        extensions = _extensions(names) if _are_short(names) else None
        if extensions is None:
            return None
        for name in extensions:
            value = found[name]
            if type(value) is not str or (name == "dataschema" and not is_absolute_uri(value)):
                return None
            lines += f"ce-{name}: {value}\r\n"
    return lines


def is_plain(name: str, value: object) -> bool:
    """Whether an extension may be called so, and needs no encoding in a header."""
    if type(value) is not str or not _are_short((name,)) or not _extensions((name,)):
        return False
    return PLAIN.fullmatch(value) is not None


def _are_short(names: tuple[str, ...]) -> bool:
    return len("".join(names)) <= _REMEMBERED_CHARACTERS


# Events of one kind have the same names: they are looked at once for all of them.
@lru_cache(maxsize=1024)
def _extensions(names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Those with a line beside the known ones, dataschema among them; None if one may not be."""
    others = tuple([name for name in names if name not in _KNOWN])
    if "data" in others or not all(map(NAME.fullmatch, others)):
        return None
    return others


def _content_line(content_type: str) -> bytes | None:
    if content_type == "application/json":
        return b"content-type: application/json\r\n"
    if not is_data_type(content_type):
        return None
    return b"content-type: %b\r\n" % content_type.encode()
