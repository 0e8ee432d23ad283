"""From found attributes to an `Event`: the one place where the attribute rules are applied.

All three modes, replies, sources and the command line end here.
"""

from collections.abc import Mapping
from urllib.parse import quote

from broker.codec.limits import DEFAULT_LIMITS, Limits
from broker.codec.usual import is_plain, usual_event
from broker.codec.values import (
    FORBIDDEN,
    NAME,
    PLAIN,
    is_absolute_uri,
    is_data_type,
    is_media_type,
    is_time,
    is_uri_reference,
)
from broker.errors import InvalidEvent, TooLarge
from broker.event import Event

REQUIRED = ("specversion", "id", "source", "type")
OPTIONAL = frozenset(("subject", "time", "dataschema", "datacontenttype"))
_DEFINED = OPTIONAL.union(REQUIRED)
_SAFE = "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"


def make_event(
    attributes: Mapping[str, str], data: bytes | None, limits: Limits = DEFAULT_LIMITS
) -> Event:
    """A checked event of `attributes` (specversion and datacontenttype among them) and `data`.

    Raises InvalidEvent by the same rules as the decoders.
    """
    found = dict(attributes)
    for name, value in found.items():
        if type(value) is not str:
            raise not_a_string(name)
    content_type = found.pop("datacontenttype", None)
    event = usual_event(found, content_type, data, limits)
    return event or checked_event(found, content_type, data, limits)


def with_attributes(event: Event, changes: Mapping[str, str | None]) -> Event:
    """`event` with some attributes set, or left out (None); its data is untouched.

    Raises InvalidEvent where the result would be no CloudEvent.
    """
    extended = _extended(event, changes)
    if extended is not None:
        return extended
    attributes = {**event.attributes, **changes}
    kept = {name: value for name, value in attributes.items() if value is not None}
    return make_event(kept, event.data)


def _extended(event: Event, changes: Mapping[str, str | None]) -> Event | None:
    """`event` with more extensions; None where they change it otherwise, or need a closer look.

    What it has was checked when it was made.
    """
    attributes = dict(event.attributes)
    content_type = attributes.pop("datacontenttype", None)
    last = b"" if content_type is None else b"content-type: %b\r\n" % content_type.encode()
    lines = ""
    for name, value in changes.items():
        if value is None or name in _DEFINED or name in attributes or not is_plain(name, value):
            return None
        attributes[name] = value
        lines += f"ce-{name}: {value}\r\n"
    if len(attributes) > DEFAULT_LIMITS.extensions or not event.head.endswith(last):
        return None
    if content_type is not None:
        attributes["datacontenttype"] = content_type
    head = event.head[: len(event.head) - len(last)]
    return Event(attributes, event.data, head + lines.encode() + last)


def checked_event(
    found: dict[str, str], content_type: str | None, data: bytes | None, limits: Limits
) -> Event:
    """The event, or InvalidEvent; takes `found` over and changes it.

    `found` is without datacontenttype, which is `content_type`. Nearly every event has no need
    of this: its callers ask `usual_event` first.
    """
    version = found.pop("specversion", None)
    event_id = found.pop("id", None)
    source = found.pop("source", None)
    event_type = found.pop("type", None)
    if version != "1.0" or not event_id or not source or not event_type:
        raise _required((version, event_id, source, event_type))
    attributes = {"specversion": "1.0", "id": event_id, "source": source, "type": event_type}
    attributes.update(found)
    encoded = _encoded(attributes)
    if not is_uri_reference(source):
        raise _bad_source(source)
    _check_others(found, limits)
    head = "".join([f"ce-{name}: {value}\r\n" for name, value in encoded.items()])
    if content_type is not None:
        _check_content_type(content_type)
        attributes["datacontenttype"] = content_type
        head += f"content-type: {content_type}\r\n"
    return Event(attributes, data, head.encode())


def _encoded(attributes: Mapping[str, str]) -> dict[str, str]:
    """As `attributes`, fit for header values; raises where a character is forbidden.

    CloudEvents HTTP binding 3.1.3.2: percent-encoded UTF-8, upper-case hexadecimal.
    """
    encoded = {}
    for name, value in attributes.items():
        if PLAIN.fullmatch(value) is None:
            _check_characters(name, value)
            encoded[name] = quote(value, safe=_SAFE)
        else:
            encoded[name] = value
    return encoded


def _check_characters(name: str, value: str) -> None:
    forbidden = FORBIDDEN.search(value)
    if forbidden is not None:
        raise InvalidEvent(
            f"the value has the forbidden character U+{ord(forbidden.group()):04X}",
            code="bad-character",
            where=name,
            remedy="leave out control characters, surrogates and noncharacters",
        )


def _check_others(found: Mapping[str, str], limits: Limits) -> None:
    for name, value in found.items():
        if name == "time":
            if not is_time(value):
                raise _bad_time(value)
        elif name == "subject":
            if not value:
                raise _empty(name)
        elif name == "dataschema":
            if not is_absolute_uri(value):
                raise _bad_dataschema(value)
        else:
            check_name(name)
    if len(found) > limits.extensions:
        _check_extensions(found, limits)


def check_name(name: str) -> None:
    """Raise where `name` cannot name an extension (CloudEvents 1.0, naming conventions)."""
    if NAME.fullmatch(name) is None:
        raise InvalidEvent(
            f"{name!r} cannot name an attribute",
            code="bad-name",
            where=name,
            remedy="use lower-case letters a-z and digits only",
        )
    if name == "data":
        raise InvalidEvent(
            "an attribute cannot be called data",
            code="reserved-name",
            where=name,
            remedy="rename the extension; data belongs in the body",
        )


def _check_extensions(found: Mapping[str, str], limits: Limits) -> None:
    extensions = sum(name not in OPTIONAL for name in found)
    if extensions > limits.extensions:
        raise TooLarge(
            f"the event has {extensions} extensions, the limit is {limits.extensions}",
            code="too-many-extensions",
            remedy="move some into the data",
        )


def _check_content_type(content_type: str) -> None:
    if not is_media_type(content_type):
        raise InvalidEvent(
            f"{content_type[:200]!r} is no media type",
            code="bad-datacontenttype",
            where="datacontenttype",
            remedy="write type/subtype in ASCII, e.g. text/plain; charset=utf-8",
        )
    if not is_data_type(content_type):
        raise InvalidEvent(
            "data that is itself an event cannot be told from one in binary mode",
            code="bad-datacontenttype",
            where="datacontenttype",
            remedy="declare it application/json, or send it as an event of its own",
        )


def _required(values: tuple[str | None, str | None, str | None, str | None]) -> InvalidEvent:
    for name, value in zip(REQUIRED, values, strict=True):
        if value is None:
            return InvalidEvent(
                f"{name} is missing",
                code="missing-attribute",
                where=name,
                remedy=f"send header ce-{name} (binary mode), or member {name} with content-type "
                "application/cloudevents+json",
            )
        if not value:
            return _empty(name)
    return _unsupported_version(str(values[0]))


def _unsupported_version(version: str) -> InvalidEvent:
    older = version.startswith("0.")
    return InvalidEvent(
        f"specversion is {version[:20]!r}, only 1.0 is read",
        code="unsupported-specversion",
        where="specversion",
        remedy="set specversion 1.0, rename schemaurl to dataschema, and replace "
        "datacontentencoding base64 with the member data_base64 instead of data"
        if older
        else "set specversion to the string 1.0",
    )


def _empty(name: str) -> InvalidEvent:
    return InvalidEvent(
        f"{name} is empty", code="empty-attribute", where=name, remedy="give it a value"
    )


def _bad_source(source: str) -> InvalidEvent:
    return InvalidEvent(
        f"{source[:200]!r} is no URI-reference",
        code="bad-source",
        where="source",
        remedy="write it by RFC 3986, e.g. /sensors/4 or urn:example:4; "
        "in a header value a percent sign is sent as %25",
    )


def _bad_dataschema(schema: str) -> InvalidEvent:
    if not schema:
        return _empty("dataschema")
    return InvalidEvent(
        f"{schema[:200]!r} is no absolute URI",
        code="bad-dataschema",
        where="dataschema",
        remedy="write it with its scheme, e.g. https://example.com/schema.json",
    )


def _bad_time(time: str) -> InvalidEvent:
    if not time:
        return _empty("time")
    return InvalidEvent(
        f"{time[:200]!r} is no RFC 3339 timestamp",
        code="bad-time",
        where="time",
        remedy="write it like 2026-05-04T10:20:30.5Z, with a time zone",
    )


def not_a_string(name: str) -> InvalidEvent:
    """The refusal of a value that must be a string."""
    return InvalidEvent(
        f"{name} is no string", code="bad-value", where=name, remedy="write it as a string"
    )
