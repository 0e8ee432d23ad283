"""The static type of every node, and what can be refused before the first event."""

from broker.errors import InvalidFilter
from triggers.filters.cesql.functions import FUNCTIONS, find
from triggers.filters.cesql.tree import (
    Attribute,
    Binary,
    Call,
    Expression,
    Literal,
    Negation,
    walk,
)
from triggers.filters.cesql.values import ARITHMETIC, TYPE_NAMES, ValueType


def type_of(node: Expression, attribute: ValueType) -> ValueType | None:
    """The type of what `node` gives, `attribute` the type of an attribute.

    None where the node calls a function that there is not.
    """
    match node:
        case Literal(value=value):
            return type(value)
        case Attribute():
            return attribute
        case Negation(operator="-"):
            return int
        case Binary(operator=operator) if operator in ARITHMETIC:
            return int
        case Call(name=name, arguments=arguments):
            function = find(name, len(arguments))
            return function.returns if function else None
    return bool


def check_filter(tree: Expression) -> None:
    """Raise InvalidFilter where `tree` cannot be a filter.

    Its functions must exist and its type be Boolean. Attributes are canonical strings
    here, so an attribute by itself is no filter: what it should be is to be said.
    """
    for node, _ in walk(tree):
        if isinstance(node, Call) and find(node.name, len(node.arguments)) is None:
            raise _missing_function(node)
    kind = type_of(tree, str)
    if kind is not bool:
        remedy = "compare it with what it should be"
        if isinstance(tree, Attribute):
            remedy = f"write {tree.name} = 'value', {tree.name} = TRUE or EXISTS {tree.name}"
        raise InvalidFilter(
            f"the expression gives {TYPE_NAMES[kind or str]}, a filter must give Boolean",
            code="cesql-not-boolean",
            column=tree.column,
            remedy=remedy,
        )


def _missing_function(call: Call) -> InvalidFilter:
    count = len(call.arguments)
    if call.name in FUNCTIONS:
        what = f"{call.name} does not take {count} argument{'' if count == 1 else 's'}"
        remedy = f"write it with {_arities(call.name)}"
    else:
        what = f"there is no function {call.name}"
        remedy = f"use one of: {', '.join(FUNCTIONS)}"
    return InvalidFilter(what, code="cesql-missing-function", column=call.column, remedy=remedy)


def _arities(name: str) -> str:
    overloads = FUNCTIONS[name]
    counts = " or ".join(
        f"{len(function.parameters)}{' or more' if function.rest else ''}" for function in overloads
    )
    return f"{counts} argument{'s' if counts != '1' else ''}"
