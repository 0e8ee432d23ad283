"""How a message carries its event: the first question to its content-type."""

import re
from typing import Literal

from broker.errors import InvalidEvent

Mode = Literal["binary", "structured", "batch"]

_PREFIX = b"application/cloudevents"
_FORMATS: dict[bytes, Mode] = {
    b"application/cloudevents+json": "structured",
    b"application/cloudevents-batch+json": "batch",
}
# Told without taking them apart: what nearly every message says.
_COMMON: dict[bytes, Mode] = {**_FORMATS, b"application/json": "binary"}
_CHARSET = re.compile(rb';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)


def mode(content_type: bytes | None) -> Mode:
    """Which decoder reads a message with this content-type.

    Everything that does not begin with `application/cloudevents` is binary mode's data
    (CloudEvents HTTP binding 3). Raises InvalidEvent(code="unsupported-format"), to be
    answered 415, for a format or charset that is not read here.
    """
    if content_type is None:
        return "binary"
    common = _COMMON.get(content_type)
    if common is not None:
        return common
    if content_type[: len(_PREFIX)].lower() != _PREFIX:
        return "binary"
    essence, _, parameters = content_type.partition(b";")
    found = _FORMATS.get(essence.rstrip().lower())
    if found is None:
        raise _unsupported(f"the format {essence.decode('latin-1')!r} is not known")
    declared = _CHARSET.search(b";" + parameters)
    if declared is not None and declared.group(1).lower() != b"utf-8":
        raise _unsupported(f"the charset {declared.group(1).decode('latin-1')!r} is not read")
    return found


def _unsupported(what: str) -> InvalidEvent:
    return InvalidEvent(
        what,
        code="unsupported-format",
        where="content-type",
        remedy="send application/cloudevents+json or application/cloudevents-batch+json "
        "in UTF-8, or binary mode",
    )
