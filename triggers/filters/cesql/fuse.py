"""Many CESQL filters as one function: what they share is computed once per event."""

from collections.abc import Callable, Sequence
from typing import cast

from broker.event import Event
from triggers.filters.cesql.compile import made
from triggers.filters.cesql.plain import PlainSource
from triggers.filters.cesql.source import NESTING_MAX
from triggers.filters.cesql.tree import conjuncts
from triggers.filters.expression import CesqlFilter

Select = Callable[[Event], list[int]]


class _SharedSource(PlainSource):
    """Gives each reading of an attribute a variable, assigned at the top of the function."""

    def __init__(self) -> None:
        super().__init__()
        self.assignments: list[str] = []
        self._locals: dict[str, str] = {}

    def local(self, source: str) -> str:
        name = self._locals.get(source)
        if name is None:
            name = self._locals[source] = f"v{len(self._locals)}"
            self.assignments.append(f"    {name} = {source}")
        return name

    def attribute(self, name: str) -> str:
        # Only clauses behind a test that the attribute is there come here. The variables
        # are not seen in the functions that take over deeply nested parts.
        return self.text(name) if self.nesting <= NESTING_MAX else super().attribute(name)


def fuse(filters: Sequence[tuple[int, CesqlFilter]]) -> Select:
    """The function from an event to the numbers of those `filters` that match it.

    Filters with the same first clause wait behind one test of it. The numbers come in no
    particular order.
    """
    source = _SharedSource()
    groups: dict[str, list[str]] = {}
    for number, part in filters:
        first, *rest = _clauses(source, part)
        test = f"if {' and '.join(rest)}: " if rest else ""
        groups.setdefault(first, []).append(f"{test}append({source.bound(number)})")
    body = [
        line
        for first, branches in groups.items()
        for line in (f"    if {first}:", *(f"        {branch}" for branch in branches))
    ]
    top = ["def select(event):", "    attributes = event.attributes", *source.assignments]
    lines = [*top, "    found = []", "    append = found.append", *body, "    return found", ""]
    return cast(Select, made(source, "\n".join(lines), "select"))


def _clauses(source: PlainSource, part: CesqlFilter) -> list[str]:
    """The plain clauses of a filter; where others remain, the filter itself decides last."""
    written = [source.plain(clause) for clause in conjuncts(part.tree)]
    clauses = [clause for clause in written if clause is not None]
    if len(clauses) < len(written):
        clauses.append(f"{source.bound(part.matches)}(event)")
    return clauses
