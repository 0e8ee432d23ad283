"""The built-in functions of CESQL. Overloads differ by the number of arguments.

Source: CloudEvents SQL Expression Language 1.0, section 3.5.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from triggers.filters.cesql.values import (
    INTEGER_MAX,
    INTEGER_MIN,
    Failure,
    Value,
    ValueType,
    can_cast,
)

# Unicode's White_Space property; str.strip() alone would also take U+001C to U+001F.
_WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


@dataclass(frozen=True, slots=True)
class Function:
    """Arguments are cast to `parameters` (None takes any type); `rest` may repeat after them."""

    parameters: tuple[ValueType | None, ...]
    returns: ValueType
    apply: Callable[..., Value]  # raises Failure
    rest: ValueType | None = None

    def takes(self, count: int) -> bool:
        return count == len(self.parameters) or (
            self.rest is not None and count > len(self.parameters)
        )

    def parameter(self, index: int) -> ValueType | None:
        return self.parameters[index] if index < len(self.parameters) else self.rest


def length(text: str) -> int:
    return len(text)


def concat(*texts: str) -> str:
    return "".join(texts)


def concat_with(delimiter: str, *texts: str) -> str:
    return delimiter.join(texts)


def trim(text: str) -> str:
    return text.strip(_WHITE_SPACE)


def left(text: str, count: int) -> str:
    if count < 0:
        raise Failure("functionEvaluation", text)
    return text[:count]


def right(text: str, count: int) -> str:
    if count < 0:
        raise Failure("functionEvaluation", text)
    return text[max(0, len(text) - count) :]


def substring(text: str, position: int, count: int = INTEGER_MAX) -> str:
    """From `position`, 1 the first character and -1 the last; 0 gives the empty string."""
    if abs(position) > len(text) or count < 0:
        raise Failure("functionEvaluation", "")
    if position == 0:
        return ""
    start = position - 1 if position > 0 else len(text) + position
    return text[start : start + count]


def absolute(number: int) -> int:
    if number == INTEGER_MIN:
        raise Failure("math", INTEGER_MAX)
    return abs(number)


def same(value: Any) -> Any:
    """The argument as it is: the cast to the parameter's type has done the work."""
    return value


def is_integer(value: Value) -> bool:
    return can_cast(value, int)


def is_boolean(value: Value) -> bool:
    return can_cast(value, bool)


FUNCTIONS: Final[Mapping[str, tuple[Function, ...]]] = {
    "LENGTH": (Function((str,), int, length),),
    "CONCAT": (Function((), str, concat, rest=str),),
    "CONCAT_WS": (Function((str,), str, concat_with, rest=str),),
    "LOWER": (Function((str,), str, str.lower),),
    "UPPER": (Function((str,), str, str.upper),),
    "TRIM": (Function((str,), str, trim),),
    "LEFT": (Function((str, int), str, left),),
    "RIGHT": (Function((str, int), str, right),),
    "SUBSTRING": (Function((str, int), str, substring), Function((str, int, int), str, substring)),
    "ABS": (Function((int,), int, absolute),),
    "INT": (Function((int,), int, same),),
    "BOOL": (Function((bool,), bool, same),),
    "STRING": (Function((str,), str, same),),
    "IS_INT": (Function((None,), bool, is_integer),),
    "IS_BOOL": (Function((None,), bool, is_boolean),),
}


def find(name: str, count: int) -> Function | None:
    """The function `name` (upper case) that takes `count` arguments, if there is one."""
    for function in FUNCTIONS.get(name, ()):
        if function.takes(count):
            return function
    return None
