"""Python source for the nodes of a tree, where attributes are canonical strings.

Every node's type is known before the first event, so the casts are chosen here. A failure
is an exception, because any error means no match, and stops the evaluation.

Neither an expression nor an event ever becomes part of the source: literals, attribute
names and patterns are bound in `namespace` under names made here.
"""

from typing import Final

from triggers.filters.cesql.functions import find, same
from triggers.filters.cesql.like import Pattern
from triggers.filters.cesql.needed import REQUIRED
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
)
from triggers.filters.cesql.types import type_of
from triggers.filters.cesql.values import (
    ARITHMETIC,
    Failure,
    ValueType,
    cast,
    negate,
    to_boolean,
    to_integer,
)

_CASTS: Final = {
    (str, int): "to_integer({})",
    (str, bool): "to_boolean({})",
    (int, str): "str({})",
    (int, bool): "({} != 0)",
    (bool, int): "int({})",
    (bool, str): "('true' if {} else 'false')",
}
_NO_NUMBER: Final = float("nan")  # neither less, equal nor greater than any number
NESTING_MAX: Final = 20  # beyond it a part becomes a function: Python refuses 200 parentheses


def fail() -> bool:
    """Stands where an operand can never be cast: whoever gets here does not match."""
    raise Failure("cast")


def number_or_nan(text: str) -> float:
    """The integer that `text` spells; else not-a-number, which compares false."""
    if len(text) < 10 and text.isdigit() and text.isascii():  # as in `to_integer`, one call less
        return int(text)
    try:
        return to_integer(text)
    except Failure:
        return _NO_NUMBER


class Source:
    """Writes nodes as source; `namespace` is what that source needs to run."""

    def __init__(self) -> None:
        self.namespace: dict[str, object] = {
            "Failure": Failure,
            "fail": fail,
            "negate": negate,
            "number_or_nan": number_or_nan,
            "to_boolean": to_boolean,
            "to_integer": to_integer,
            **{function.__name__: function for function in ARITHMETIC.values()},
        }
        self.parts: list[str] = []  # functions that the source calls
        self._names: dict[tuple[type, object], str] = {}
        self.nesting = 0

    def bound(self, value: object) -> str:
        """The name under which `value` is bound, the same for the same value."""
        key = (type(value), value)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"c{len(self._names)}"
            self.namespace[name] = value
        return name

    # Any node; a failure raises KeyError (a missing attribute) or Failure.

    def strict(self, node: Expression) -> str:
        """Source of an expression that gives the value of `node` or raises."""
        self.nesting += 1
        source = self._written(node)
        self.nesting -= 1
        if self.nesting and self.nesting % NESTING_MAX == 0:
            name = f"part{len(self.parts)}"
            self.parts.append(f"def {name}(event, attributes):\n    return {source}\n")
            return f"{name}(event, attributes)"
        return source

    def cast(self, node: Expression, target: ValueType) -> str:
        """As `strict`, but what `node` gives is cast to `target`."""
        if isinstance(node, Literal):
            try:
                return self.bound(cast(node.value, target))
            except Failure:
                return "fail()"
        kind = type_of(node, str)
        assert kind is not None  # missing functions are refused before
        source = self.strict(node)
        return source if kind is target else _CASTS[kind, target].format(source)

    def attribute(self, name: str) -> str:
        """Source of an attribute's value; KeyError where it is missing."""
        return f"event.{name}" if name in REQUIRED else f"attributes[{self.bound(name)}]"

    def _written(self, node: Expression) -> str:
        match node:
            case Literal(value=value):
                return self.bound(value)
            case Attribute(name=name):
                return self.attribute(name)
            case Exists(name=name):
                return f"({self.bound(name)} in attributes)"
            case Negation(operator=operator, operand=operand):
                return self._negation(operator, operand)
            case Binary(operator=operator, left=left, right=right):
                return self._binary(operator, left, right)
            case Logic(operator=operator, operands=operands):
                return self._logic(operator, operands)
            case Like(operand=operand, pattern=pattern, negated=negated):
                test = self._like(pattern, self.cast(operand, str))
                return f"(not {test})" if negated else f"({test})"
            case In():
                return self._in(node)
            case Call(name=name, arguments=arguments):
                return self._call(name, arguments)

    def _negation(self, operator: str, operand: Expression) -> str:
        if operator == "-":
            return f"negate({self.cast(operand, int)})"
        # NOT takes no Integer, see `evaluate`.
        return "fail()" if type_of(operand, str) is int else f"(not {self.cast(operand, bool)})"

    def _binary(self, operator: str, left: Expression, right: Expression) -> str:
        if operator in ("=", "!="):
            kind = type_of(right, str)
            assert kind is not None  # missing functions are refused before
            sign = "==" if operator == "=" else "!="
            return f"({self.cast(left, kind)} {sign} {self.strict(right)})"
        sources = self.cast(left, int), self.cast(right, int)
        if operator in ARITHMETIC:
            return f"{ARITHMETIC[operator].__name__}({sources[0]}, {sources[1]})"
        return f"({sources[0]} {operator} {sources[1]})"

    def _like(self, pattern: Pattern, text: str) -> str:
        literal = self.bound(pattern.literal)
        match pattern.kind:
            case "exact":
                return f"{text} == {literal}"
            case "prefix":
                return f"{text}.startswith({literal})"
            case "suffix":
                return f"{text}.endswith({literal})"
            case "contains":
                return f"{literal} in {text}"
        return f"{self.bound(pattern.matches)}({text})"

    def _logic(self, operator: str, operands: tuple[Expression, ...]) -> str:
        sources = [self.cast(operand, bool) for operand in operands]
        if operator == "XOR":
            return f"(sum(({', '.join(sources)})) % 2 == 1)"
        return f"({f' {operator.lower()} '.join(sources)})"

    def _in(self, node: In) -> str:
        kind = type_of(node.operand, str)
        assert kind is not None  # missing functions are refused before
        sign = "not in" if node.negated else "in"
        operand = self.strict(node.operand)
        literals = [element.value for element in node.elements if isinstance(element, Literal)]
        if len(literals) < len(node.elements):
            # Python makes the whole tuple first, so that each element is evaluated.
            elements = ", ".join(self.cast(element, kind) for element in node.elements)
            return f"({operand} {sign} ({elements},))"
        try:
            values = frozenset(cast(value, kind) for value in literals)
        except Failure:
            return "fail()"
        return f"({operand} {sign} {self.bound(values)})"

    def _call(self, name: str, arguments: tuple[Expression, ...]) -> str:
        function = find(name, len(arguments))
        assert function is not None  # missing functions are refused before
        sources = []
        for index, argument in enumerate(arguments):
            kind = function.parameter(index)
            sources.append(self.strict(argument) if kind is None else self.cast(argument, kind))
        if function.apply is same:
            return sources[0]
        return f"{self.bound(function.apply)}({', '.join(sources)})"
