"""A CESQL filter: the expression as one Python function, compiled when it is read."""

from collections.abc import Callable
from typing import Final, cast

from broker.event import Event
from triggers.filters.cesql.keys import are_exact, choices
from triggers.filters.cesql.parser import parse
from triggers.filters.cesql.plain import PlainSource
from triggers.filters.cesql.tree import Expression, conjuncts
from triggers.filters.cesql.types import check_filter
from triggers.filters.expression import CesqlFilter

Predicate = Callable[[Event], bool]

_PLAIN: Final = """\
def matches(event):
    attributes = event.attributes
    return {}
"""
_GUARDED: Final = """\
def matches(event):
    attributes = event.attributes
    try:
        return {}
    except (KeyError, Failure):
        return False
"""


def compile_filter(text: str) -> CesqlFilter:
    """The filter that `text` is.

    Raises InvalidFilter with the column: `cesql-parse`, `cesql-too-long`, `cesql-too-deep`,
    `cesql-missing-function`, `cesql-not-boolean`.
    """
    tree = parse(text)
    check_filter(tree)
    return CesqlFilter(text, tree, choices(tree), are_exact(tree), predicate(tree))


def predicate(tree: Expression) -> Predicate:
    """The function from an event to whether `tree` is true for it without an error."""
    source = PlainSource()
    clauses = [(source.plain(clause), clause) for clause in conjuncts(tree)]
    written = [plain or source.cast(clause, bool) for plain, clause in clauses]
    template = _PLAIN if all(plain for plain, _ in clauses) else _GUARDED
    return cast(Predicate, made(source, template.format(" and ".join(written)), "matches"))


def made(source: PlainSource, text: str, name: str) -> object:
    """The function `name` that `text` defines, with the parts it calls."""
    program = compile("".join([*source.parts, text]), "<cesql>", "exec")
    # The text is ours: literals and names of the expression are only bound in the namespace.
    exec(program, source.namespace)  # noqa: S102
    return source.namespace[name]
