"""Tensors as model servers write them: a name, a datatype, a shape and a flat list of values.

Datatypes are those of the Open Inference Protocol. Plain lists, so that no protocol needs an
array library.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from math import isfinite, prod
from typing import Any

from broker.errors import Invalid

DEPTH_MAX = 32
_FLOATS = {  # beyond these, rounding gives infinity
    "FP64": 1.7976931348623157e308,
    "FP32": 3.4028235677973362e38,
    "FP16": 65519.9,
    "BF16": 3.3961775e38,
}
BINARY_ONLY = frozenset({"FP16", "BF16"})  # JSON has no way to write them
_INTEGERS = {
    f"{sign}INT{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if not sign else (0, 2**bits - 1)
    for sign in ("", "U")
    for bits in (8, 16, 32, 64)
}
DATATYPES = ("BOOL", *_INTEGERS, *_FLOATS, "BYTES")


@dataclass(frozen=True, slots=True)
class FlatTensor:
    """`data` is row-major, `prod(shape)` values; dim 0 counts records."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: Sequence[Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.shape[0] if self.shape else 0

    def part(self, start: int, end: int) -> "FlatTensor":
        """The records from `start` to before `end`."""
        size = prod(self.shape[1:])
        data = self.data[start * size : end * size]
        return replace(self, shape=(end - start, *self.shape[1:]), data=data)

    def nested(self) -> Any:
        """Lists in lists, as the shape says; a scalar of no dimension alone."""
        return _nest(self.data, self.shape) if self.shape else self.data[0]


def flatten(values: object, where: str) -> tuple[tuple[int, ...], list[Any]]:
    """The shape of nested lists, and their values in order.

    Raises Invalid(code="bad-tensor") where lists of one level differ in length.
    """
    shape: list[int] = []
    level: list[Any] = [values]
    while level and isinstance(level[0], list):
        if len(shape) == DEPTH_MAX:
            raise bad_tensor(f"{where} is nested deeper than {DEPTH_MAX} lists")
        size = len(level[0])
        if not all(isinstance(each, list) and len(each) == size for each in level):
            raise bad_tensor(f"{where} has lists of unequal length")
        shape.append(size)
        level = list(chain.from_iterable(level))
    if any(isinstance(each, list) for each in level):
        raise bad_tensor(f"{where} has lists of unequal length")
    return tuple(shape), level


def make_tensor(
    name: str, datatype: str | None, values: object, shape: Sequence[int] | None = None
) -> FlatTensor:
    """A tensor of nested or flat values, each checked against `datatype`.

    Without a datatype that of the values; without a shape that of the lists, with -1 in it for
    what follows from the others. Raises Invalid(code="bad-tensor").
    """
    found, flat = flatten(values, name)
    datatype = datatype or datatype_of(flat, name)
    if datatype not in DATATYPES:
        raise bad_tensor(f"{name} has the unknown datatype {datatype[:20]!r}")
    wanted = found or (1,) if shape is None else _resolved(shape, len(flat), name)
    if prod(wanted) != len(flat):
        raise bad_tensor(f"{name} has {len(flat)} values, its shape takes {prod(wanted)}")
    return FlatTensor(name, datatype, wanted, _checked(flat, datatype, name))


def joined(tensors: Sequence[FlatTensor]) -> FlatTensor:
    """One tensor of all records; names, datatypes and the other dimensions are equal."""
    if len(tensors) == 1:
        return tensors[0]
    first = tensors[0]
    data = list(chain.from_iterable(tensor.data for tensor in tensors))
    return replace(first, shape=(sum(each.rows for each in tensors), *first.shape[1:]), data=data)


def datatype_of(flat: Sequence[Any], where: str) -> str:
    """BOOL, INT64, FP64 or BYTES: what holds JSON values without loss."""
    kinds = {type(each) for each in flat}
    if kinds <= {bool}:
        return "BOOL"
    if kinds <= {int}:
        return "INT64"
    if kinds <= {int, float}:
        return "FP64"
    if kinds <= {str, bytes}:
        return "BYTES"
    raise bad_tensor(f"{where} has values of several kinds, or none that a tensor may have")


def bad_tensor(what: str) -> Invalid:
    return Invalid(what, code="bad-tensor", where="data", remedy="mend the event's data")


def _resolved(shape: Sequence[int], count: int, where: str) -> tuple[int, ...]:
    """`shape` with its one -1 replaced."""
    known = prod(size for size in shape if size >= 0)
    if sum(size < 0 for size in shape) > 1 or (min(shape, default=0) < 0 and not known):
        raise bad_tensor(f"{where} cannot have the shape {list(shape)}")
    return tuple(count // known if size < 0 else size for size in shape)


def _checked(flat: list[Any], datatype: str, where: str) -> list[Any]:
    """The values as `datatype` has them: 1.0 is an integer, 1.5 is none, null is nothing."""
    if datatype == "BYTES":
        wrong = [each for each in flat if not isinstance(each, str | bytes)]
    elif datatype == "BOOL":
        wrong = [each for each in flat if not isinstance(each, bool)]
    elif datatype in _FLOATS:
        most = _FLOATS[datatype]
        wrong = [each for each in flat if not _is_number(each) or not -most <= each <= most]
    else:
        bounds = _INTEGERS[datatype]
        wrong = [each for each in flat if not _is_integer(each, *bounds)]
    if wrong:
        raise bad_tensor(f"{where} has the value {str(wrong[0])[:40]!r}, which is no {datatype}")
    return [int(each) for each in flat] if datatype in _INTEGERS else flat


def _is_number(value: object) -> bool:
    return type(value) is int or (type(value) is float and isfinite(value))


def _is_integer(value: object, least: int, most: int) -> bool:
    if type(value) is float and not value.is_integer():
        return False
    return isinstance(value, int | float) and _is_number(value) and least <= value <= most


def _nest(data: Sequence[Any], shape: Sequence[int]) -> list[Any]:
    if len(shape) == 1:
        return list(data)
    size = prod(shape[1:])
    return [_nest(data[at * size : (at + 1) * size], shape[1:]) for at in range(shape[0])]
