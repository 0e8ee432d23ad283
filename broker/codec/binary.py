"""Binary mode: attributes in headers, data in the body (CloudEvents HTTP binding 3.1)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote, unquote_to_bytes

from broker.codec.attributes import check_name, checked_event
from broker.codec.limits import DEFAULT_LIMITS, Limits, check_size
from broker.codec.usual import usual_event
from broker.codec.values import PLAIN
from broker.errors import InvalidEvent
from broker.event import Event

# None: headers that nearly every request has and that are no attributes.
_ATTRIBUTES: dict[bytes, str | None] = {
    b"host": None,
    b"content-length": None,
    b"connection": None,
    b"user-agent": None,
    b"accept": None,
    b"accept-encoding": None,
    b"content-type": "datacontenttype",
    b"ce-specversion": "specversion",
    b"ce-id": "id",
    b"ce-source": "source",
    b"ce-type": "type",
    b"ce-time": "time",
    b"ce-subject": "subject",
    b"ce-dataschema": "dataschema",
}
_QUOTED = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def decode_binary(
    headers: Sequence[tuple[bytes, bytes]], body: bytes, limits: Limits = DEFAULT_LIMITS
) -> Event:
    """The event of a binary-mode message; `headers` have lower-case names, any others with them.

    The body is the data as it came. An empty body without content-type is no data, with one it
    is empty data: HTTP cannot tell them apart otherwise. Raises InvalidEvent, TooLarge.
    """
    if len(body) > limits.event_bytes:
        check_size(len(body), limits.event_bytes, "body")
    found: dict[str, str] = {}
    name = b""
    try:
        for name, value in headers:
            attribute = _ATTRIBUTES.get(name, "")
            if attribute is None:
                continue
            if not attribute:
                if name[:3] != b"ce-":
                    continue
                attribute = _extension(name)
            if attribute in found:
                raise _repeated(name)
            found[attribute] = value.decode()
    except UnicodeDecodeError as error:
        raise _broken(name.decode("latin-1"), "bytes that are not UTF-8") from error
    content_type = found.pop("datacontenttype", None)
    data = None if content_type is None and not body else body
    event = usual_event(found, content_type, data, limits)
    if event is not None:  # a plain value says what it says: no percent, no quote
        return event
    found = {name: _header_value(name, value) for name, value in found.items()}
    return checked_event(found, content_type, data, limits)


def decode_stored(head: bytes, data: bytes | None) -> Event:
    """The event whose `Event.head` is `head`: the fast inverse for our own bytes.

    Trusts the store: values are not checked again. Raises InvalidEvent(code="bad-head") where
    the bytes are not a head at all.
    """
    # No value but the last, content-type, has a space: each ": " ends a name.
    lines, _, content_type = head.decode("latin-1").partition("content-type: ")
    words = lines[3:-2].replace("\r\nce-", ": ").split(": ")
    attributes = dict(zip(words[::2], words[1::2], strict=False))
    if "%" in lines:
        attributes = {
            name: unquote(value) if "%" in value else value for name, value in attributes.items()
        }
    if content_type:
        attributes["datacontenttype"] = content_type[:-2]
    try:
        return Event(attributes, data, head)
    except KeyError as error:
        raise InvalidEvent(
            f"the stored head lacks {error.args[0]}",
            code="bad-head",
            where="store",
            remedy="the data folder is damaged; run headrace verify",
        ) from error


@lru_cache(maxsize=256)
def _extension(name: bytes) -> str:
    attribute = name[3:].decode("latin-1")
    check_name(attribute)
    if attribute == "datacontenttype":
        raise InvalidEvent(
            "ce-datacontenttype is no header of binary mode",
            code="reserved-name",
            where="ce-datacontenttype",
            remedy="send the media type as content-type",
        )
    return attribute


def _header_value(name: str, text: str) -> str:
    """Undo what CloudEvents HTTP binding 3.1.3.2 allows a sender: quotes, then percents, once.

    Raw UTF-8 passes as well: it needs no guess, and senders that do not encode exist.
    """
    if PLAIN.fullmatch(text) is not None:
        return text
    value = text.encode()
    if value[:1] == b'"':
        if _QUOTED.fullmatch(value) is None:
            raise InvalidEvent(
                "the value opens a double quote and does not close it",
                code="bad-quoting",
                where=f"ce-{name}",
                remedy="close the quotes, or send a double quote as %22",
            )
        value = _QUOTED_PAIR.sub(rb"\1", value[1:-1])
    if _BROKEN_PERCENT.search(value) is not None:
        raise _broken(f"ce-{name}", "a percent sign without two hexadecimal digits")
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise _broken(f"ce-{name}", "bytes that are not UTF-8") from error


def _broken(header: str, what: str) -> InvalidEvent:
    return InvalidEvent(
        f"the value has {what}",
        code="bad-encoding",
        where=header,
        remedy="percent-encode the value's UTF-8; a percent sign itself is %25",
    )


def _repeated(name: bytes) -> InvalidEvent:
    header = name.decode("latin-1")
    return InvalidEvent(
        f"{header} comes twice",
        code="repeated-attribute",
        where=header,
        remedy="send one; an event has each attribute once",
    )
