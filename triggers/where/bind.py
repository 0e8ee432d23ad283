"""Bind a query: times become numbers, `ago()` and `data()` what they stand for. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from broker.clock import EPOCH, to_milliseconds
from broker.errors import InvalidFilter
from triggers.filters.cesql.tree import (
    Attribute,
    Binary,
    Call,
    Expression,
    In,
    Like,
    Literal,
    Logic,
    Negation,
)
from triggers.where.names import DATA, NAMESPACED, TIMES
from triggers.where.pointer import is_pointer
from triggers.where.times import read_duration, read_time

_COMPARISONS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
EXAMPLE: Final = "2026-01-31T12:00:00Z"
_EQUALITY: Final = frozenset({"=", "!="})


def bind(node: Expression, now: datetime) -> Expression:
    """`node` in terms that plain CESQL evaluates.

    Raises InvalidFilter with the column of a time, a duration or a pointer that is none.
    """
    match node:
        case Binary(operator=operator, left=left, right=right) if operator in _COMPARISONS:
            if _is_time(left) or _is_time(right):
                return replace(node, left=_time(left, now), right=_time(right, now))
            left, right = bind(left, now), bind(right, now)
            if operator in _EQUALITY:
                left, right = _named(left, right), _named(right, left)
            return replace(node, left=left, right=right)
        case Attribute(name=name) if name in TIMES:
            raise _refusal(node, f"{name} stands alone", f"compare it: {name} > ago('PT1H')")
        case Call(name="AGO"):
            raise _refusal(node, "ago() is compared with no time", "write dead_at > ago('PT1H')")
        case Call(name="DATA"):
            return _data(node)
    return _with_bound_children(node, now)


def _with_bound_children(node: Expression, now: datetime) -> Expression:
    match node:
        case Negation(operand=operand) | Like(operand=operand):
            return replace(node, operand=bind(operand, now))
        case Binary(left=left, right=right):
            return replace(node, left=bind(left, now), right=bind(right, now))
        case Logic(operands=operands):
            return replace(node, operands=tuple(bind(operand, now) for operand in operands))
        case In(operand=operand, elements=elements):
            operand = bind(operand, now)
            bound = tuple(_named(bind(element, now), operand) for element in elements)
            return replace(node, operand=operand, elements=bound)
        case Call(arguments=arguments):
            return replace(node, arguments=tuple(bind(argument, now) for argument in arguments))
    return node


def _is_time(node: Expression) -> bool:
    return isinstance(node, Attribute) and node.name in TIMES


def _time(node: Expression, now: datetime) -> Expression:
    """One side of a comparison of times, as milliseconds."""
    match node:
        case Attribute(name=name) if name in TIMES:
            return node
        case Literal(value=str(text)):
            moment = read_time(text)
            if moment is not None:
                return Literal(node.start, node.end, to_milliseconds(moment))
            raise _refusal(node, f"{text[:40]!r} is no time", f"write one such as {EXAMPLE}")
        case Call(name="AGO", arguments=(Literal(value=str(text)),)):
            duration = read_duration(text)
            if duration is not None:
                earliest = max(EPOCH, now - min(duration, now - EPOCH))
                return Literal(node.start, node.end, to_milliseconds(earliest))
            raise _refusal(node, f"{text[:40]!r} is no duration", "write one such as PT1H or P1D")
    raise _refusal(node, "this is no time", f"compare it with '{EXAMPLE}' or ago('PT1H')")


def _named(node: Expression, other: Expression) -> Expression:
    """A trigger or broker without its namespace is one of namespace `default`."""
    match node, other:
        case Literal(value=str(text)), Attribute(name=name) if name in NAMESPACED:
            if text and "/" not in text:
                return replace(node, value=f"default/{text}")
    return node


def _data(call: Call) -> Expression:
    match call.arguments:
        case (Literal(value=str(pointer)),) if is_pointer(pointer):
            return Attribute(call.start, call.end, DATA + pointer)
    raise _refusal(call, "data() takes one JSON pointer", "write for example data('/order/id')")


def _refusal(node: Expression, what: str, remedy: str) -> InvalidFilter:
    return InvalidFilter(what, code="bad-query", remedy=remedy, column=node.column)
