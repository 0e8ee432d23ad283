"""JSON values to tensors and back; datatypes as the Open Inference Protocol names them."""

from collections.abc import Sequence
from itertools import chain
from math import isfinite
from typing import Any

import numpy
from numpy.typing import NDArray

from broker.errors import Invalid

Tensor = NDArray[Any]

DATATYPES: dict[str, Any] = {
    "BOOL": numpy.bool_,
    "INT8": numpy.int8,
    "INT16": numpy.int16,
    "INT32": numpy.int32,
    "INT64": numpy.int64,
    "UINT8": numpy.uint8,
    "UINT16": numpy.uint16,
    "UINT32": numpy.uint32,
    "UINT64": numpy.uint64,
    "FP16": numpy.float16,
    "FP32": numpy.float32,
    "FP64": numpy.float64,
    "BYTES": numpy.object_,
}
_DEPTH_MAX = 32
_NUMBERS = frozenset((int, float))


def to_tensor(values: object, datatype: str, where: str) -> Tensor:
    """A tensor of nested lists (or of one value), cast to `datatype`.

    Raises Invalid(code="bad-tensor") naming `where`: a value of another kind (a boolean is no
    number, 1.5 is no integer), one out of range, lists of unequal length.
    """
    _check(values, datatype, where, 0)
    try:
        with numpy.errstate(over="ignore"):
            tensor = numpy.array(values, DATATYPES[datatype])
    except (ValueError, OverflowError, TypeError) as error:
        raise _bad(where, f"cannot be cast to {datatype} ({error})") from error
    if datatype[0] == "F" and not numpy.isfinite(tensor).all():
        raise _bad(where, f"has a number out of the range of {datatype}")
    return tensor


def number_rows(columns: Sequence[Sequence[object]], datatype: str) -> Tensor | None:
    """[rows, columns] of columns of floats and integers; None where one is out of range.

    The same as `to_tensor` of their rows, which says what is wrong.
    """
    try:
        with numpy.errstate(over="ignore"):
            tensor = numpy.array(columns, DATATYPES[datatype]).T
    except OverflowError:
        return None
    return numpy.ascontiguousarray(tensor) if numpy.isfinite(tensor).all() else None


def number_table(rows: Sequence[Sequence[object]], datatype: str) -> Tensor | None:
    """[rows, columns] of rows of floats and integers, equally long.

    None where a value is neither or out of range, and where there is no row.
    """
    if not rows or not set(map(type, chain.from_iterable(rows))) <= _NUMBERS:
        return None
    try:
        with numpy.errstate(over="ignore"):
            tensor = numpy.array(rows, DATATYPES[datatype])
    except OverflowError:
        return None
    return tensor if numpy.isfinite(tensor).all() else None


def odd_rows(columns: Sequence[Sequence[object]]) -> Sequence[int]:
    """The rows that hold anything but numbers, ascending."""
    odd = [
        at
        for column in columns
        if not set(map(type, column)) <= _NUMBERS
        for at, value in enumerate(column)
        if type(value) not in _NUMBERS
    ]
    return sorted(set(odd))


def without(values: Sequence[object], left_out: Sequence[int]) -> list[object]:
    kept = list(values)
    for at in reversed(left_out):  # ascending: those before one stay where they are
        del kept[at]
    return kept


def _check(value: object, datatype: str, where: str, depth: int) -> None:
    if isinstance(value, list):
        if depth == _DEPTH_MAX:
            raise _bad(where, f"is nested deeper than {_DEPTH_MAX} lists")
        for inner in value:
            _check(inner, datatype, where, depth + 1)
    elif not _fits(value, datatype):
        raise _bad(where, f"has the value {str(value)[:40]!r}, which is no {datatype}")


def _fits(value: object, datatype: str) -> bool:
    if datatype == "BOOL":
        return isinstance(value, bool)
    if datatype == "BYTES":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value) and (datatype[0] == "F" or value == int(value))


def is_finite(tensor: object) -> bool:
    """False for floats of which one is infinite or no number."""
    if not isinstance(tensor, numpy.ndarray) or tensor.dtype.kind != "f":
        return True
    return bool(numpy.isfinite(tensor).all())


def to_json(tensor: object) -> object:
    """Nested lists of a tensor, or of what ZipMap makes; the JSON encoder writes NaN as null."""
    if isinstance(tensor, numpy.ndarray):
        return _texts(tensor.tolist())
    return tensor


def _texts(value: object) -> object:
    """Strings for the bytes that some models give."""
    if isinstance(value, list):
        return [_texts(inner) for inner in value] if value and _nests(value[0]) else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _nests(value: object) -> bool:
    return isinstance(value, list | bytes)


def _bad(where: str, what: str) -> Invalid:
    return Invalid(
        f"{where} {what}", code="bad-tensor", where="data", remedy="mend the event's data"
    )
