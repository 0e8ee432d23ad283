"""Two events side by side: what differs in their attributes and, where both are JSON, their data.

Pure. Places in the data are JSON pointers (RFC 6901); values are JSON texts, cut where long.
Numbers are compared by their exact values: 1.50 is 1.5, and no digit of an id is rounded off. A
whole one is told from one with a point or an exponent, 1 from 1.0, as many programs tell them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from broker.codec.values import is_json_type
from broker.event import Event

ROWS_MAX: Final = 200
VALUE_CHARACTERS_MAX: Final = 400
LEVELS_MAX: Final = 64

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")

How = Literal["changed", "only-this", "only-other"]


@dataclass(frozen=True, slots=True)
class Row:
    """One difference at `path`; the side that has nothing there is None."""

    path: str
    this: str | None
    other: str | None

    @property
    def how(self) -> How:
        if self.this is None:
            return "only-other"
        return "only-this" if self.other is None else "changed"


@dataclass(frozen=True, slots=True)
class Differences:
    """`data` has no rows where it is the same, or where one of both is no JSON: then `is_json`
    is False. Same data may be spelled in other bytes. `is_cut`: there were more than ROWS_MAX
    rows.
    """

    attributes: tuple[Row, ...]
    data: tuple[Row, ...]
    is_json: bool
    is_same_data: bool
    is_same_bytes: bool
    is_cut: bool


def differences(this: Event, other: Event) -> Differences:
    """What differs between two events, without what is the same."""
    names = sorted({*this.attributes, *other.attributes})
    pairs = ((name, this.attributes.get(name), other.attributes.get(name)) for name in names)
    attributes = tuple(Row(*pair) for pair in pairs if pair[1] != pair[2])
    if this.data == other.data:
        return Differences(attributes, (), True, True, True, False)
    left, right = _parsed(this), _parsed(other)
    if left is None or right is None:
        return Differences(attributes, (), False, False, False, False)
    rows: list[Row] = []
    for row in _rows("", left[0], right[0], LEVELS_MAX):
        if len(rows) == ROWS_MAX:
            return Differences(attributes, tuple(rows), True, False, False, True)
        rows.append(row)
    return Differences(attributes, tuple(rows), True, not rows, False, False)


def _parsed(event: Event) -> tuple[Any] | None:
    """The data as a value; None where it is not declared as JSON, or is none."""
    declared = event.attributes.get("datacontenttype")
    if event.data is None or (declared is not None and not is_json_type(declared)):
        return None
    try:
        return (_DECODER.decode(event.data),)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError):
        return None


def _rows(path: str, this: Any, other: Any, levels: int) -> Iterator[Row]:
    left, right = _members(this), _members(other)
    if not levels or left is None or right is None or type(this) is not type(other):
        if type(this) is not type(other) or this != other:
            yield Row(path, _text(this), _text(other))
        return
    for name in {**left, **right}:  # as they stand in the one, then what only the other has
        below = f"{path}/{_escaped(name)}"
        if name not in right:
            yield Row(below, _text(left[name]), None)
        elif name not in left:
            yield Row(below, None, _text(right[name]))
        else:
            yield from _rows(below, left[name], right[name], levels - 1)


def _members(value: Any) -> dict[str, Any] | None:
    """What stands in an object or an array, by its part of a pointer; None for what is neither."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): one for index, one in enumerate(value)}
    return None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _text(value: Any) -> str:
    text = _ENCODER.encode(value).decode()
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + "…"
