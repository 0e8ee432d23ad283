"""Which attributes a node needs in order not to fail, where nothing else can make it fail."""

from collections.abc import Iterable
from typing import Final

from triggers.filters.cesql.tree import (
    Attribute,
    Binary,
    Call,
    Exists,
    Expression,
    In,
    Like,
    Literal,
    Logic,
    Negation,
    children,
)
from triggers.filters.cesql.types import type_of

REQUIRED: Final = ("type", "source", "id")  # every event has them, as plain fields

# Functions of text, to which everything can be cast, that give a value for any.
_TOTAL_FUNCTIONS: Final = frozenset(
    {"LENGTH", "CONCAT", "CONCAT_WS", "LOWER", "UPPER", "TRIM", "STRING", "IS_INT", "IS_BOOL"}
)


def needed(node: Expression) -> frozenset[str] | None:
    """The optional attributes without which `node` fails, and with which it cannot.

    None where it can fail otherwise (a cast, a sum), or where it depends on the event
    whether an attribute is looked at. Attributes are strings.
    """
    if isinstance(node, Attribute):
        return frozenset() if node.name in REQUIRED else frozenset({node.name})
    parts = [needed(child) for child in children(node)]
    if not _casts_hold(node):
        return None
    if isinstance(node, Logic) and node.operator != "XOR":
        # What AND and OR may leave out must need no more than what they always look at.
        first = parts[0]
        return first if first is not None and _union(parts) == first else None
    return _union(parts)


def _casts_hold(node: Expression) -> bool:
    """Whether `node` itself works for any values of its operands."""
    match node:
        case Literal() | Attribute() | Exists() | Like():
            return True
        case Negation(operator=operator, operand=operand):
            return operator == "NOT" and type_of(operand, str) is bool
        case Binary(operator="=" | "!=", left=left, right=right):
            return type_of(right, str) in (str, type_of(left, str))
        case Logic(operands=operands):
            return all(type_of(operand, str) is bool for operand in operands)
        case In(operand=operand, elements=elements):
            kind = type_of(operand, str)
            return kind is str or all(type_of(element, str) is kind for element in elements)
        case Call(name=name):
            return name in _TOTAL_FUNCTIONS
    return False


def _union(parts: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    names: frozenset[str] = frozenset()
    for part in parts:
        if part is None:
            return None
        names |= part
    return names
