"""Data of events and bodies of answers as text: indented where they are JSON, cut where long."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHOWN_CHARACTERS_MAX = 65_536
INDENTED_CHARACTERS_MAX = 262_144  # beyond, indenting costs more than it helps
HEX_BYTES_MAX = 4_096
HEX_LINE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Payload:
    """`text` for a <pre>; `kind` is text, json, bytes, hidden or none."""

    kind: str
    text: str
    characters: int  # of all of it
    is_cut: bool


def payload_of(view: Mapping[str, Any], name: str = "data") -> Payload:
    """What `view` has under `name`, or `name`_base64, as the API writes both."""
    if view.get("data_hidden"):
        return Payload("hidden", "", 0, False)
    if (encoded := view.get(f"{name}_base64")) is not None:
        return _dumped(base64.b64decode(encoded))
    text = view.get(name)
    if not text:
        return Payload("none", "", 0, False)
    indented = _indented(text)
    shown = text if indented is None else indented
    cut = shown[:SHOWN_CHARACTERS_MAX]
    kind = "text" if indented is None else "json"
    return Payload(kind, cut, len(shown), len(cut) < len(shown))


def _indented(text: str) -> str | None:
    """None where it is no JSON that can be indented without being changed."""
    if len(text) > INDENTED_CHARACTERS_MAX or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        # Numbers stay as they were written: a long one read as a float would be another.
        read = json.loads(text, parse_float=_Written, parse_int=_Written, object_pairs_hook=_Pairs)
        return "\n".join(_lines(read, 0))
    except (ValueError, RecursionError):
        return None


class _Written(str):
    """A number as its digits."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """An object with its names in their order, each as often as it is there."""


def _lines(value: Any, depth: int) -> list[str]:
    is_object = isinstance(value, _Pairs)
    if not is_object and not isinstance(value, list):
        return [
            str(value) if isinstance(value, _Written) else json.dumps(value, ensure_ascii=False)
        ]
    opening, closing = "{}" if is_object else "[]"
    if not value:
        return [opening + closing]
    inner = "  " * (depth + 1)
    lines = [opening]
    for place, one in enumerate(value, 1):
        name, below = (
            (json.dumps(one[0], ensure_ascii=False) + ": ", one[1]) if is_object else ("", one)
        )
        first, *rest = _lines(below, depth + 1)
        parts = [f"{inner}{name}{first}", *rest]
        parts[-1] += "," if place < len(value) else ""
        lines += parts
    return [*lines, "  " * depth + closing]


def _dumped(data: bytes) -> Payload:
    """Bytes that are no text: offsets, hexadecimal, and what of them is ASCII."""
    lines = []
    shown = data[:HEX_BYTES_MAX]
    for start in range(0, len(shown), HEX_LINE_BYTES):
        row = shown[start : start + HEX_LINE_BYTES]
        signs = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start:06x}  {row.hex(' '):<47}  {signs}")
    return Payload("bytes", "\n".join(lines), len(data), len(shown) < len(data))
