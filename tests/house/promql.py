"""Just enough of PromQL to see which series an expression asks for, and by which labels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

OPENING = {"(": ")", "[": "]", "{": "}"}
SELECTOR = re.compile(r"\b([a-zA-Z_:][\w:]*)\s*\{([^{}]*)\}|\b(headrace_\w+)\b")
MATCHER = re.compile(r'\s*([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"\s*')
GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^()]*)\)")
AROUND = re.compile(r"(\w+)\s*\(\s*$")


@dataclass(frozen=True)
class Selector:
    """`labels` are those in its braces; `function` is what stands directly around it."""

    name: str
    labels: frozenset[str]
    function: str | None


def selectors(expression: str) -> Iterator[Selector]:
    """Every series that the expression selects; raises ValueError for braces in disorder."""
    text = without_strings(expression)
    check_balance(text)
    for found in SELECTOR.finditer(expression):
        name = found[1] or found[3]
        around = AROUND.search(expression[: found.start()])
        yield Selector(name, frozenset(labels_in(found[2] or "")), around[1] if around else None)


def labels_in(braces: str) -> Iterator[str]:
    rest = braces
    while rest.strip():
        found = MATCHER.match(rest)
        if found is None:
            raise ValueError(f"no label matcher: {rest!r}")
        yield found[1]
        rest = rest[found.end() :].removeprefix(",")


def grouped_by(expression: str) -> set[str]:
    """Every label that the expression groups or joins by."""
    return {
        label.strip()
        for found in GROUPING.findall(without_strings(expression))
        for label in found.split(",")
        if label.strip()
    }


def without_strings(expression: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)


def check_balance(text: str) -> None:
    waiting: list[str] = []
    for character in text:
        if character in OPENING:
            waiting.append(OPENING[character])
        elif character in OPENING.values() and (not waiting or waiting.pop() != character):
            raise ValueError(f"unbalanced {character!r}")
    if waiting:
        raise ValueError(f"{waiting[-1]!r} is missing")
