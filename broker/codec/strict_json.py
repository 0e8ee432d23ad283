"""JSON without the holes: what orjson lets pass and other readers trip over is refused here.

orjson already refuses bad UTF-8, lone surrogates, NaN, Infinity, numbers beyond a double and
bytes after the end. It takes 1,000 levels, any number of nodes, and of a repeated name keeps
the last. Each of those three has a cheap test that clears almost every text, and an exact one
for the rest; none of them walks the value in Python.
"""

import json

import orjson

from broker.codec.limits import Limits
from broker.errors import InvalidEvent

_ALL_BYTES = bytes(range(256))
_NO_BRACKETS = bytes(byte for byte in _ALL_BYTES if byte not in b"[]{}")
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")
_WHITESPACE = b" \t\r\n"
_SEARCHED_BYTES_MAX = 65_536
_BACKSLASH = 0x5C  # bytes look for a number in a third of the time


def parse(text: bytes, limits: Limits) -> object:
    """The value of `text`, but for its depth: the caller asks `check_depth` as well.

    Raises InvalidEvent. Too many nodes are refused before they are built.
    """
    # n bytes hold at most (n + 1) / 2 values.
    if len(text) >= 2 * limits.json_nodes and _has_too_many_nodes(text, limits.json_nodes):
        raise InvalidEvent(
            f"the JSON has more than {limits.json_nodes:,} values",
            code="too-many-nodes",
            remedy="send the payload as text or data_base64, or in binary mode",
        )
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _unreadable(error) from error
    if repeats_a_name(text, value):
        raise _repeated(text)
    return value


def check_depth(text: bytes, depth_max: int) -> None:
    """Raise InvalidEvent(code="too-deep") where valid JSON `text` nests beyond `depth_max`."""
    if text.rfind(b"[") < 1 and text.rfind(b"{") < 1:
        return
    # split stops at its bound and searches by memchr: faster than count.
    enough = depth_max + 1
    openers = len(text.split(b"[", enough)) + len(text.split(b"{", enough)) - 2
    if openers > depth_max and _depth_exceeds(text, depth_max):
        raise _too_deep(depth_max)


def _outside_strings(text: bytes) -> bytes:
    """`text` with one quote for each string; exact for valid JSON, harmless for any other."""
    if _BACKSLASH in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b'"'.join(text.split(b'"')[::2])


def _has_too_many_nodes(text: bytes, nodes_max: int) -> bool:
    if text.count(b",") + text.count(b"[") + text.count(b"{") < nodes_max:
        return False
    outline = _outside_strings(text).translate(None, _WHITESPACE)
    empty = outline.count(b"[]") + outline.count(b"{}")
    return 1 + outline.count(b",") + outline.count(b"[") + outline.count(b"{") - empty > nodes_max


def _depth_exceeds(text: bytes, depth_max: int) -> bool:
    brackets = _outside_strings(text).translate(_AS_SQUARE, _NO_BRACKETS)
    # Each pass takes away the innermost level everywhere.
    for _ in range(depth_max):
        inner = brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            break
        brackets = inner
    return len(brackets) > 0


def repeats_a_name(text: bytes, value: object) -> bool:
    """Whether writing the value again loses a name: each name is one colon outside strings.

    Raises InvalidEvent where `value` nests too deep to be written.
    """
    try:
        again = orjson.dumps(value)
    except orjson.JSONEncodeError as error:  # it writes 254 levels and reads 1,024
        raise _too_deep(254) from error
    if again == text:
        return False
    # Colons inside strings are the same on both sides, unless one is written as an escape.
    # Almost no text has a backslash, and one byte is found sooner than five.
    if _BACKSLASH not in text or b"\\u003" not in text:
        return _colons(again) != _colons(text)
    return _colons(_outside_strings(again)) != _colons(_outside_strings(text))


def _colons(text: bytes) -> int:
    # replace goes by memchr from colon to colon, count looks at every byte: the first is faster
    # where colons are few, and an eighth of the text tells.
    if text.count(b":", 0, len(text) // 8) * 256 > len(text):
        return text.count(b":")
    return len(text) - len(text.replace(b":", b""))


def _unreadable(error: orjson.JSONDecodeError) -> InvalidEvent:
    if "depth limit" in error.msg:  # orjson's own, 1,024 levels
        return _too_deep(1024)
    return InvalidEvent(
        f"this is no JSON: {error}", code="invalid-json", remedy="write RFC 8259 JSON in UTF-8"
    )


def _too_deep(depth_max: int) -> InvalidEvent:
    return InvalidEvent(
        f"the JSON nests deeper than {depth_max} levels",
        code="too-deep",
        where="data",
        remedy="flatten it, or send it in binary mode",
    )


def _repeated(text: bytes) -> InvalidEvent:
    # Looking for the name costs ten times the parsing: only where the text is small.
    name = _repeated_name(text) if len(text) <= _SEARCHED_BYTES_MAX else None
    return InvalidEvent(
        f"the name {name[:200]!r} comes twice in one object"
        if name is not None
        else "a name comes twice in one object",
        code="repeated-member",
        where=name[:200] if name is not None else None,
        remedy="send each name once",
    )


def _repeated_name(text: bytes) -> str:
    repeated: list[str] = []

    def note(members: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        for name, _ in members:
            if name in seen:
                repeated.append(name)
            seen.add(name)

    json.loads(text, object_pairs_hook=note, parse_int=str)
    return repeated[0]
