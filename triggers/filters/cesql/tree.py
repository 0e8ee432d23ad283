"""The syntax tree of a CESQL expression; every node knows the columns it was written in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from triggers.filters.cesql.like import Pattern
from triggers.filters.cesql.values import Value


@dataclass(frozen=True, slots=True)
class Node:
    """Written in `text[start:end]` of its expression."""

    start: int
    end: int

    @property
    def column(self) -> int:
        """The first column, counted from 1."""
        return self.start + 1


@dataclass(frozen=True, slots=True)
class Literal(Node):
    value: Value


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    name: str  # in lower case


@dataclass(frozen=True, slots=True)
class Exists(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Negation(Node):
    operator: OneOf["NOT", "-"]
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic or a comparison; `<>` is written `!=` here."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """A run of one logical operator, `a AND b AND c`, its operands from left to right."""

    operator: OneOf["AND", "OR", "XOR"]
    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Like(Node):
    operand: "Expression"
    pattern: Pattern
    negated: bool


@dataclass(frozen=True, slots=True)
class In(Node):
    operand: "Expression"
    elements: tuple["Expression", ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Call(Node):
    name: str  # in upper case
    arguments: tuple["Expression", ...]


Expression = Literal | Attribute | Exists | Negation | Binary | Logic | Like | In | Call


def children(node: Expression) -> tuple[Expression, ...]:
    """The operands of `node` as written, from left to right."""
    match node:
        case Literal() | Attribute() | Exists():
            return ()
        case Negation(operand=operand) | Like(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Logic(operands=operands):
            return operands
        case In(operand=operand, elements=elements):
            return (operand, *elements)
        case Call(arguments=arguments):
            return arguments


def walk(root: Expression) -> Iterator[tuple[Expression, int]]:
    """Every node with its depth (1 = the root), parents first, without recursion."""
    waiting = [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in reversed(children(node)))


def conjuncts(root: Expression) -> tuple[Expression, ...]:
    """The clauses that must all be true for `root` to be."""
    if isinstance(root, Logic) and root.operator == "AND":
        return tuple(clause for operand in root.operands for clause in conjuncts(operand))
    return (root,)
