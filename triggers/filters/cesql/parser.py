"""From the text of a CESQL expression to its tree: a Pratt parser with exact columns."""

import re
from typing import Final, TypeGuard
from typing import Literal as OneOf

from broker.errors import InvalidFilter
from triggers.filters.cesql.like import Pattern
from triggers.filters.cesql.tokens import ATTRIBUTE_NAMES, Token, refusal, tokens
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
    walk,
)
from triggers.filters.cesql.values import INTEGER_MAX

TEXT_CHARACTERS_MAX: Final = 10_000
DEPTH_MAX: Final = 100
SET_ELEMENTS_MAX: Final = 1_000  # also of a function's arguments

# How tightly an operator binds what stands on its left. NOT and - bind one operand.
_LOGIC: Final = 10
_UNARY: Final = 70
_BINDING: Final = {
    **dict.fromkeys(("AND", "OR", "XOR"), _LOGIC),
    **dict.fromkeys(("=", "!=", "<>", "<", "<=", ">", ">="), 20),
    **dict.fromkeys(("+", "-"), 30),
    **dict.fromkeys(("*", "/", "%"), 40),
    "IN": 50,
    "LIKE": 60,
}


def parse(text: str, names: re.Pattern[str] = ATTRIBUTE_NAMES) -> Expression:
    """The tree of `text`; attribute names are folded to lower case and must fit `names`.

    Raises InvalidFilter with code `cesql-parse`, or `cesql-too-long` and `cesql-too-deep`
    beyond the bounds, and the column where it goes wrong.
    """
    if len(text) > TEXT_CHARACTERS_MAX:
        raise InvalidFilter(
            f"the expression has {len(text)} characters",
            code="cesql-too-long",
            column=TEXT_CHARACTERS_MAX + 1,
            remedy=f"write at most {TEXT_CHARACTERS_MAX}, or several filters",
        )
    tree = _Parser(text, names).whole()
    for node, depth in walk(tree):
        if depth > DEPTH_MAX:
            raise _too_deep(node.column)
    return tree


class _Parser:
    def __init__(self, text: str, names: re.Pattern[str]) -> None:
        self._tokens = list(tokens(text))
        self._next = 0
        self._end = 0  # of the token taken last
        self._open = 0  # parentheses around the present token
        self._names = names

    def whole(self) -> Expression:
        if self._peek().kind == "end":
            raise refusal("the expression is empty", 1, "write for example type = 'x'")
        tree = self._expression(0, 1)
        if self._peek().kind != "end":
            raise _unexpected(self._peek(), "an operator or the end")
        return tree

    def _expression(self, binding: int, level: int) -> Expression:
        """One operand and all operators after it that bind tighter than `binding`."""
        start = self._peek().start
        left = self._operand(level)
        while True:
            operator, negated = self._operator()
            tightness = _BINDING.get(operator, 0)
            if tightness <= binding:
                return left
            if negated:
                self._take()
            self._take()
            if operator == "LIKE":
                left = self._like(start, left, negated)
            elif operator == "IN":
                elements = self._list("IN", level, at_least=1)
                left = In(start, self._end, left, elements, negated)
            else:
                right = self._expression(tightness, level + 1)
                left = _infix(start, self._end, operator, left, right)

    def _operator(self) -> tuple[str, bool]:
        """The operator that follows, and whether it is NOT LIKE or NOT IN."""
        token = self._peek()
        if token.kind == "keyword" and token.value == "NOT":
            after = self._tokens[self._next + 1]
            if after.kind == "keyword" and after.value in ("LIKE", "IN"):
                return after.value, True
        return (token.value if token.kind in ("symbol", "keyword") else ""), False

    def _like(self, start: int, operand: Expression, negated: bool) -> Expression:
        token = self._peek()
        if token.kind != "string":
            raise _unexpected(token, "a pattern in quotes after LIKE")
        self._take()
        return Like(start, self._end, operand, Pattern(token.value), negated)

    def _operand(self, level: int) -> Expression:
        if level > DEPTH_MAX:
            raise _too_deep(self._peek().start + 1)
        token = self._take()
        match token.kind, token.value:
            case "string", value:
                return Literal(token.start, token.end, value)
            case "integer", value:
                return self._integer(token, int(value))
            case "keyword", "TRUE" | "FALSE":
                return Literal(token.start, token.end, token.value == "TRUE")
            case "keyword", "NOT":
                operand = self._expression(_UNARY, level + 1)
                return Negation(token.start, self._end, "NOT", operand)
            case "keyword", "EXISTS":
                name = self._name(self._take())
                return Exists(token.start, self._end, name)
            case "symbol", "-" | "+":
                return self._signed(token, level)
            case "symbol", "(":
                return self._grouped(token, level)
            case "word", _:
                return self._word(token, level)
        raise _unexpected(token, "a value")

    def _grouped(self, opened: Token, level: int) -> Expression:
        # Parentheses make no node, but each is a call of the parser within another.
        self._open += 1
        if self._open > DEPTH_MAX:
            raise _too_deep(opened.start + 1)
        inner = self._expression(0, level)
        self._expect(")")
        self._open -= 1
        return inner

    def _signed(self, sign: Token, level: int) -> Expression:
        """A number with its sign, or the negation of what follows."""
        token = self._peek()
        if token.kind == "integer":
            self._take()
            number = int(token.value)
            return self._integer(token, number if sign.value == "+" else -number, sign.start)
        if sign.value == "+":
            raise _unexpected(token, "a number after +")
        operand = self._expression(_UNARY, level + 1)
        return Negation(sign.start, self._end, "-", operand)

    def _integer(self, token: Token, number: int, start: int | None = None) -> Expression:
        if number > INTEGER_MAX:
            raise refusal(
                f"{number} is no 32-bit integer", token.start + 1, f"write at most {INTEGER_MAX}"
            )
        return Literal(token.start if start is None else start, token.end, number)

    def _word(self, token: Token, level: int) -> Expression:
        """An attribute, or a function where a parenthesis follows."""
        if self._peek().value != "(" or self._peek().kind != "symbol":
            return Attribute(token.start, token.end, self._name(token))
        arguments = self._list(token.value, level, at_least=0)
        return Call(token.start, self._end, token.value.upper(), arguments)

    def _name(self, token: Token) -> str:
        name = token.value.lower()
        if token.kind not in ("word", "integer") or not self._names.fullmatch(name):
            raise _unexpected(token, "an attribute name")
        return name

    def _list(self, owner: str, level: int, at_least: int) -> tuple[Expression, ...]:
        """`(a, b, …)`, with `at_least` elements and at most SET_ELEMENTS_MAX."""
        self._expect("(")
        elements: list[Expression] = []
        if at_least == 0 and self._peek().value == ")" and self._peek().kind == "symbol":
            self._take()
            return ()
        while True:
            if len(elements) == SET_ELEMENTS_MAX:
                raise InvalidFilter(
                    f"{owner} has more than {SET_ELEMENTS_MAX} elements",
                    code="cesql-too-long",
                    column=self._peek().start + 1,
                    remedy="split it into several joined by OR",
                )
            elements.append(self._expression(0, level + 1))
            token = self._take()
            if token.kind != "symbol" or token.value not in (",", ")"):
                raise _unexpected(token, ", or )")
            if token.value == ")":
                return tuple(elements)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        """The next token; the end is given again and again."""
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
            self._end = token.end
        return token

    def _expect(self, symbol: str) -> None:
        token = self._take()
        if token.kind != "symbol" or token.value != symbol:
            raise _unexpected(token, symbol)


def _infix(start: int, end: int, operator: str, left: Expression, right: Expression) -> Expression:
    """A run of one logical operator becomes one node: a long list of clauses is not deep."""
    if _is_logical(operator):
        run = left.operands if isinstance(left, Logic) and left.operator == operator else (left,)
        return Logic(start, end, operator, (*run, right))
    return Binary(start, end, "!=" if operator == "<>" else operator, left, right)


def _is_logical(operator: str) -> TypeGuard[OneOf["AND", "OR", "XOR"]]:
    return _BINDING[operator] == _LOGIC


def _unexpected(token: Token, expected: str) -> InvalidFilter:
    found = "the expression ends" if token.kind == "end" else f"found {token.value[:40]!r}"
    return refusal(f"{found} where {expected} belongs", token.start + 1, f"put {expected} here")


def _too_deep(column: int) -> InvalidFilter:
    return InvalidFilter(
        f"the expression is nested deeper than {DEPTH_MAX}",
        code="cesql-too-deep",
        column=column,
        remedy="split it into several filters, or group it with parentheses",
    )
