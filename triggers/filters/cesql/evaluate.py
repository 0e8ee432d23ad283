"""Complete evaluation: a value and all errors for every node of a tree.

An operator or function that fails, or whose operand failed, gives the zero value of its
own return type and the evaluation goes on. Triggers use `compile`, which stops at the
first error and agrees with this about what matches.
Source: CloudEvents SQL Expression Language 1.0, sections 3 and 4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broker.errors import InvalidFilter
from triggers.filters.cesql.functions import find
from triggers.filters.cesql.parser import parse
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
from triggers.filters.cesql.values import (
    ARITHMETIC,
    ORDER,
    ErrorName,
    Failure,
    Value,
    cast,
    negate,
)


@dataclass(frozen=True, slots=True)
class Step:
    """What one node came to; `errors` are those of the node and of all beneath it."""

    node: Expression
    value: Value
    errors: tuple[ErrorName, ...]


def evaluate(
    expression: str | Expression, attributes: Mapping[str, Value]
) -> tuple[Value, tuple[ErrorName, ...]]:
    """The value of `expression` and the names of its errors, each once, in their order.

    `attributes` have their own types; text that cannot be read gives False and `parse`.
    """
    if isinstance(expression, str):
        try:
            expression = parse(expression)
        except InvalidFilter:
            return False, ("parse",)
    answer = _Evaluation(attributes).visit(expression)
    return answer.value, answer.errors


def trace(tree: Expression, attributes: Mapping[str, Value]) -> list[Step]:
    """A step for each node that was evaluated, operands before what they are in.

    Nodes that AND or OR left out have none.
    """
    evaluation = _Evaluation(attributes)
    evaluation.visit(tree)
    return evaluation.steps


class _Evaluation:
    def __init__(self, attributes: Mapping[str, Value]) -> None:
        self._attributes = attributes
        self.steps: list[Step] = []

    def visit(self, node: Expression) -> Step:
        match node:
            case Literal(value=value):
                step = Step(node, value, ())
            case Exists(name=name):
                step = Step(node, name in self._attributes, ())
            case Attribute(name=name) if name in self._attributes:
                step = Step(node, self._attributes[name], ())
            case Attribute():
                step = Step(node, False, ("missingAttribute",))
            case Logic():
                step = self._logic(node)
            case Call(name=name, arguments=arguments) if find(name, len(arguments)) is None:
                step = Step(node, False, ("missingFunction",))
            case _:
                step = _applied(node, [self.visit(child) for child in children(node)])
        self.steps.append(step)
        return step

    def _logic(self, node: Logic) -> Step:
        """From left to right, and no further than what decides AND and OR."""
        result, *operands = node.operands
        step = self._boolean(node, self.visit(result))
        for operand in operands:
            if node.operator == "AND" and not step.value:
                return step
            if node.operator == "OR" and step.value:
                return step
            right = self._boolean(node, self.visit(operand))
            errors = _once([*step.errors, *right.errors])
            value = (step.value != right.value) if node.operator == "XOR" else right.value
            step = Step(node, value and not errors, errors)
        return step

    def _boolean(self, node: Logic, operand: Step) -> Step:
        """An operand as a Boolean; a failed one is False."""
        if operand.errors:
            return Step(node, False, operand.errors)
        try:
            return Step(node, cast(operand.value, bool), ())
        except Failure as failure:
            return Step(node, False, (failure.name,))


def _applied(node: Expression, operands: Sequence[Step]) -> Step:
    """One operator or function on operands that are all evaluated."""
    zero = (type_of(node, str) or bool)()
    errors = _once([error for operand in operands for error in operand.errors])
    if errors:
        return Step(node, zero, errors)
    try:
        return Step(node, _value(node, [operand.value for operand in operands]), ())
    except Failure as failure:
        return Step(node, zero if failure.value is None else failure.value, (failure.name,))


def _value(node: Expression, values: Sequence[Value]) -> Value:
    match node:
        case Negation(operator="NOT"):
            return _inverted(values[0])
        case Negation():
            return negate(int(cast(values[0], int)))
        case Binary(operator=operator):
            return _compared(operator, values[0], values[1])
        case Like(pattern=pattern, negated=negated):
            return pattern.matches(str(cast(values[0], str))) != negated
        case In(negated=negated):
            kind = type(values[0])
            return (values[0] in [cast(value, kind) for value in values[1:]]) != negated
        case Call(name=name):
            return _called(name, values)
    raise AssertionError(f"{type(node).__name__} has no operands")


def _inverted(value: Value) -> bool:
    # The conformance case "Invalid int cast" (not_operator.yaml) has NOT 10 give true with
    # a cast error, where every other operator and BOOL() take an Integer for its truth.
    if type(value) is int:
        raise Failure("cast", True)
    return not cast(value, bool)


def _compared(operator: str, left: Value, right: Value) -> Value:
    """Arithmetic and comparisons; in `=` and `!=` the right operand's type decides."""
    if operator in ("=", "!="):
        return (cast(left, type(right)) == right) == (operator == "=")
    numbers = int(cast(left, int)), int(cast(right, int))
    return ARITHMETIC[operator](*numbers) if operator in ARITHMETIC else ORDER[operator](*numbers)


def _called(name: str, values: Sequence[Value]) -> Value:
    function = find(name, len(values))
    assert function is not None
    arguments = []
    for index, value in enumerate(values):
        kind = function.parameter(index)
        arguments.append(value if kind is None else cast(value, kind))
    return function.apply(*arguments)


def _once(errors: Sequence[ErrorName]) -> tuple[ErrorName, ...]:
    return tuple(dict.fromkeys(errors))
