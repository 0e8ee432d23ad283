"""The tokens of CESQL, each with its place, so that an error names the exact column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from broker.errors import InvalidFilter
from triggers.filters.cesql.values import INTEGER_MAX

Kind = Literal["word", "integer", "string", "keyword", "symbol", "end"]

KEYWORDS: Final = frozenset({"AND", "OR", "XOR", "NOT", "LIKE", "EXISTS", "IN", "TRUE", "FALSE"})

# What may stand as a name. CESQL's own attributes have letters and digits only; another
# reader of the language may allow more, such as `_` or a prefix.
ATTRIBUTE_NAMES: Final = re.compile(r"[a-z0-9]+")

# Each alternative takes one token in time linear in its length: a string's body is either
# an escaped pair or one plain character, never both.
_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<word>[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)
      | (?P<string>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*")
      | (?P<symbol>!=|<>|<=|>=|[=<>+\-*/%(),])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_BLANKS: Final = " \t\r\n"

_HABITS: Final = {
    "==": "write = for equality",
    "&&": "write AND",
    "||": "write OR",
    "!": "write NOT, or != for inequality",
}


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is what it means: a keyword in upper case, a string without its quotes."""

    kind: Kind
    value: str
    start: int
    end: int


def refusal(what: str, column: int, remedy: str | None = None) -> InvalidFilter:
    """The error of an expression that cannot be read, `column` counted from 1."""
    return InvalidFilter(what, code="cesql-parse", remedy=remedy, column=column)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of `text` and an end; raises InvalidFilter at the first that is none."""
    place = 0
    while True:
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        token = _token(match)
        if token.value == "=" and text[match.end() : match.end() + 1] == "=":
            raise _unreadable(text, token.start)
        yield token
        if token.kind == "end":
            return
        place = match.end()


def _token(match: re.Match[str]) -> Token:
    group = str(match.lastgroup)
    start, end = match.span(group)
    value = match.group(group)
    if group == "string":
        return Token("string", value[1:-1].replace("\\" + value[0], value[0]), start, end)
    if group == "word":
        return _word(value, start, end)
    return Token("symbol" if group == "symbol" else "end", value, start, end)


def _word(value: str, start: int, end: int) -> Token:
    if value.upper() in KEYWORDS:
        return Token("keyword", value.upper(), start, end)
    if not value.isdigit():
        return Token("word", value, start, end)
    # One more than the largest is let through: with a minus before it is the smallest.
    if len(value.lstrip("0")) > len(str(INTEGER_MAX)) or int(value) > INTEGER_MAX + 1:
        raise refusal(
            f"{value[:20]} is no 32-bit integer", start + 1, f"write at most {INTEGER_MAX}"
        )
    return Token("integer", value, start, end)


def _unreadable(text: str, place: int) -> InvalidFilter:
    while text[place : place + 1] in tuple(_BLANKS):
        place += 1
    if text[place] in "'\"":
        return refusal("the string is not closed", place + 1, f"end it with {text[place]}")
    for habit, remedy in _HABITS.items():
        if text.startswith(habit, place):
            return refusal(f"there is no operator {habit}", place + 1, remedy)
    return refusal(f"{text[place]!r} has no meaning here", place + 1, "put text in quotes")
