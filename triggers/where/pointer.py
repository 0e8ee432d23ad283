"""JSON pointers into an event's data. Source: RFC 6901."""

import re
from typing import Final

import orjson

from broker.event import Event
from triggers.filters.cesql.values import INTEGER_MAX, INTEGER_MIN, Value

_POINTER: Final = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_JSON: Final = re.compile(r"[^;]*[/+]json[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL)


def is_pointer(text: str) -> bool:
    """Whether `text` can point at anything (section 3)."""
    return _POINTER.fullmatch(text) is not None


def json_of(event: Event) -> object:
    """The data of an event that says it is JSON, or does not say; None where it is none."""
    content_type = event.attributes.get("datacontenttype", "application/json")
    if event.data is None or not _JSON.fullmatch(content_type):
        return None
    try:
        document: object = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return None
    return document


def point(document: object, pointer: str) -> Value | None:
    """What `pointer` leads to; None where there is nothing, or null.

    CESQL knows text, 32-bit integers and Booleans: other numbers, objects and arrays are
    their JSON text.
    """
    for token in pointer.split("/")[1:]:
        document = _step(document, token.replace("~1", "/").replace("~0", "~"))
    if document is None or isinstance(document, str | bool):
        return document
    if isinstance(document, int) and INTEGER_MIN <= document <= INTEGER_MAX:
        return document
    return orjson.dumps(document).decode()


def _step(document: object, token: str) -> object:
    if isinstance(document, dict):
        return document.get(token)
    if isinstance(document, list) and _INDEX.fullmatch(token) and int(token) < len(document):
        return document[int(token)]
    return None
