"""What became of a CESQL clause: every subexpression with its value or its errors. Pure."""

from broker.event import Event
from triggers.filters.cesql.evaluate import Step, trace
from triggers.filters.cesql.parser import parse
from triggers.filters.cesql.tree import (
    Attribute,
    Exists,
    Expression,
    Literal,
    Logic,
    children,
    walk,
)
from triggers.filters.explanation import Clause

TEXT_CHARACTERS_MAX = 200


def account(path: str, text: str, event: Event) -> Clause:
    """The clause `text` at `path`, and below it its subexpressions as they are written.

    Its value decides as it does for a trigger: true without any error.
    """
    tree = parse(text)
    steps = {id(step.node): step for step in trace(tree, event.attributes)}
    return _clause(path, text, tree, steps, event)


def _clause(path: str, text: str, node: Expression, steps: dict[int, Step], event: Event) -> Clause:
    step = steps.get(id(node))
    below = [child for child in children(node) if not isinstance(child, Literal)]
    return Clause(
        path,
        _cut(text[node.start : node.end]),
        step is not None and step.value is True and not step.errors,
        _seen(node, event),
        tuple(_clause(f"{path}:{child.column}", text, child, steps, event) for child in below),
        # Only a conjunction or disjunction of clauses can be decided by one of them.
        {"AND": "all", "OR": "any"}.get(node.operator, "") if isinstance(node, Logic) else "",
        step.value if step is not None else None,
        tuple(step.errors) if step is not None else (),
        step is not None,
    )


def _seen(node: Expression, event: Event) -> tuple[tuple[str, str | None], ...]:
    names = {
        part.name: event.attributes.get(part.name)
        for part, _ in walk(node)
        if isinstance(part, Attribute | Exists)
    }
    return tuple(names.items())


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS_MAX else f"{text[:TEXT_CHARACTERS_MAX]}…"
