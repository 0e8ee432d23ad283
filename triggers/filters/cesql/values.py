"""The values of CESQL: strings, 32-bit integers and Booleans, how they cast and compute.

Python's `str`, `int` and `bool` stand for String, Integer and Boolean; the type called
without arguments is its zero value. Whatever cannot be computed raises Failure.
Source: CloudEvents SQL Expression Language 1.0, sections 3 and 4.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Final, Literal

Value = str | int | bool
ValueType = type[str] | type[int] | type[bool]
ErrorName = Literal[
    "parse", "math", "cast", "missingAttribute", "missingFunction", "functionEvaluation", "generic"
]

INTEGER_MIN: Final = -2_147_483_648
INTEGER_MAX: Final = 2_147_483_647
_DIGITS_MAX: Final = 10  # of the largest integer

TYPE_NAMES: Final[Mapping[ValueType, str]] = {str: "String", int: "Integer", bool: "Boolean"}


class Failure(Exception):
    """An operator or function failed; `value` stands in for its zero value where it is set."""

    def __init__(self, name: ErrorName, value: Value | None = None) -> None:
        super().__init__(name)
        self.name: ErrorName = name
        self.value = value


def to_integer(text: str) -> int:
    """The integer that `text` spells in base 10 with an optional sign; else Failure("cast")."""
    # int() alone would also take blanks, underscores and the digits of other scripts, and
    # takes quadratic time for long ones.
    if len(text) < _DIGITS_MAX and text.isdigit() and text.isascii():
        return int(text)
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isdigit() and digits.isascii()):
        raise Failure("cast")
    if len(digits) > _DIGITS_MAX and len(digits.lstrip("0")) > _DIGITS_MAX:
        raise Failure("cast")
    number = int(digits.lstrip("0") or "0")
    if text[0] == "-":
        number = -number
    if not INTEGER_MIN <= number <= INTEGER_MAX:
        raise Failure("cast")
    return number


def to_boolean(text: str) -> bool:
    """True or False where `text` is `true` or `false` in any case; else Failure("cast")."""
    lower = text.lower()
    if lower == "true":
        return True
    if lower == "false":
        return False
    raise Failure("cast")


def to_string(value: Value) -> str:
    if value is True:
        return "true"
    return "false" if value is False else str(value)


def cast(value: Value, target: ValueType) -> Value:
    """`value` as `target`; Failure("cast") where it has no such meaning."""
    if type(value) is target:
        return value
    if target is str:
        return to_string(value)
    if isinstance(value, str):
        return to_integer(value) if target is int else to_boolean(value)
    return target(value)


def can_cast(value: Value, target: ValueType) -> bool:
    try:
        cast(value, target)
    except Failure:
        return False
    return True


def checked(number: int) -> int:
    """`number` where it fits 32 bits; else Failure("math")."""
    if INTEGER_MIN <= number <= INTEGER_MAX:
        return number
    raise Failure("math")


def add(left: int, right: int) -> int:
    return checked(left + right)


def subtract(left: int, right: int) -> int:
    return checked(left - right)


def multiply(left: int, right: int) -> int:
    return checked(left * right)


def divide(left: int, right: int) -> int:
    """The quotient rounded towards 0; Failure("math") for a division by zero."""
    if right == 0:
        raise Failure("math")
    quotient = abs(left) // abs(right)
    return checked(quotient if (left < 0) == (right < 0) else -quotient)


def remainder(left: int, right: int) -> int:
    """What `divide` leaves, with the sign of `left`."""
    if right == 0:
        raise Failure("math")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def negate(number: int) -> int:
    return checked(-number)


ARITHMETIC: Final[Mapping[str, Callable[[int, int], int]]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
}

ORDER: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
