"""Clauses that are false by themselves where an attribute is missing or is no number.

Under AND at the top of a filter an error and False are the same, no match, so such a
clause needs no exception: it reads a missing attribute as empty text. That holds only
while the clause is false for empty text, which decides what is written here.
"""

from collections.abc import Sequence

from triggers.filters.cesql.needed import REQUIRED, needed
from triggers.filters.cesql.source import Source
from triggers.filters.cesql.tree import (
    Attribute,
    Binary,
    Call,
    Exists,
    Expression,
    In,
    Like,
    Literal,
)
from triggers.filters.cesql.types import type_of
from triggers.filters.cesql.values import cast


class PlainSource(Source):
    """Source that is cheaper for the commonest clauses of a conjunction."""

    def local(self, source: str) -> str:
        """Where the result of `source` is found; a fusing writer computes it only once."""
        return source

    def plain(self, node: Expression) -> str | None:
        """Source that is false where `node` is false or fails; None where it cannot be."""
        return self._simple(node) or self._present(node)

    def _present(self, node: Expression) -> str | None:
        """`node` behind tests that what it needs is there, where nothing else can fail."""
        names = needed(node)
        if names is None or type_of(node, str) is not bool:
            return None
        tests = [self._exists(name) for name in sorted(names)]
        return " and ".join([*tests, self.cast(node, bool)])

    def _exists(self, name: str) -> str:
        return "True" if name in REQUIRED else self.local(f"{self.bound(name)} in attributes")

    def _simple(self, node: Expression) -> str | None:
        """One comparison of an attribute, read as empty text where it is missing."""
        match node:
            case Exists(name=name):
                return self._exists(name)
            case Binary(operator="=", left=left, right=right):
                return self._plain_equal(left, right)
            case Binary(operator="<" | "<=" | ">" | ">=" as operator, left=left, right=right):
                return self._plain_order(operator, left, right)
            case In(operand=Attribute(name=name), elements=elements, negated=False):
                texts = literal_texts(elements)
                if texts is not None and "" not in texts:
                    return f"{self.text(name)} in {self.bound(frozenset(texts))}"
            case Like(operand=Attribute(name=name), negated=False):
                return self._plain_like(name, node)
        return None

    def _plain_equal(self, left: Expression, right: Expression) -> str | None:
        match left, right:
            case (Attribute(name=name), Literal(value=str(text))) if text:
                return f"{self.text(name)} == {self.bound(text)}"
            case (Literal(value=value), Attribute(name=name)) if value != "":
                return f"{self.text(name)} == {self.bound(cast(value, str))}"
        # Only an Integer on the right makes it a comparison of numbers.
        return self._plain_order("==", left, right) if type_of(right, str) is int else None

    def _plain_order(self, operator: str, left: Expression, right: Expression) -> str | None:
        left_number, right_number = self._plain_number(left), self._plain_number(right)
        if left_number is None or right_number is None:
            return None
        return f"{left_number} {operator} {right_number}"

    def _plain_number(self, node: Expression) -> str | None:
        match node:
            case Literal(value=value) if type(value) is int:
                return self.bound(value)
            case Attribute(name=name) | Call(name="INT", arguments=(Attribute(name=name),)):
                return self.local(f"number_or_nan({self.text(name)})")
        return None

    def _plain_like(self, name: str, node: Like) -> str | None:
        literal = self.bound(node.pattern.literal)
        match node.pattern.kind:
            case "any":
                return self._exists(name)
            case "exact" if node.pattern.literal:
                return f"{self.text(name)} == {literal}"
            case "prefix":
                return f"{self.text(name)}.startswith({literal})"
            case "suffix":
                return f"{self.text(name)}.endswith({literal})"
            case "contains":
                return f"{literal} in {self.text(name)}"
        return None

    def text(self, name: str) -> str:
        """An attribute's value, empty where it is missing."""
        if name in REQUIRED:
            return self.local(f"event.{name}")
        return self.local(f"attributes.get({self.bound(name)}, '')")


def literal_texts(elements: Sequence[Expression]) -> tuple[str, ...] | None:
    """The elements as text, where all are literals."""
    literals = [element.value for element in elements if isinstance(element, Literal)]
    return (
        tuple(str(cast(value, str)) for value in literals)
        if len(literals) == len(elements)
        else None
    )
