"""Why a filter matches one event or not: clause by clause, with what each has seen. Pure.

Every clause is asked, also those that a match leaves out: who asks why wants to know all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from broker.admission import SYSTEM_TYPES
from broker.event import Event
from triggers.filters.attributes import legacy
from triggers.filters.build import build_filter
from triggers.filters.exact import Exact
from triggers.filters.filter import Filter
from triggers.filters.guarded import Guarded
from triggers.filters.prefix import Prefix
from triggers.filters.suffix import Suffix

_LEAVES: Final[Mapping[str, tuple[Callable[[str, str], Filter], str]]] = {
    "exact": (Exact, "is"),
    "prefix": (Prefix, "begins with"),
    "suffix": (Suffix, "ends with"),
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: where it is written, what it asks, whether it holds, what it has seen.

    `seen` are the attributes it names, None where the event lacks one. A CESQL clause has
    its subexpressions as `parts`, each with its `value`; one that AND or OR left out, or
    whose operator could not, has None or `errors`.
    """

    path: str
    asks: str
    holds: bool
    seen: tuple[tuple[str, str | None], ...] = ()
    parts: tuple["Clause", ...] = ()
    joins: str = ""  # all, any, not; empty for a leaf
    value: str | int | bool | None = None
    errors: tuple[str, ...] = ()
    was_asked: bool = True


@dataclass(frozen=True, slots=True)
class Explanation:
    """`deciding` is the clause without which the answer would be another, or `root` where
    several share in it."""

    matched: bool
    root: Clause
    deciding: Clause


def explain(
    filters: Sequence[Mapping[str, Any]],
    attributes: Mapping[str, str] | None,
    event: Event,
) -> Explanation:
    """What the filter written as `filters` (or as legacy `attributes`) makes of `event`.

    Raises InvalidFilter as building it would. Agrees with what it matches.
    """
    build_filter(filters, attributes)
    return explain_stored(filters, attributes, event)


def explain_stored(
    filters: Sequence[Mapping[str, Any]],
    attributes: Mapping[str, str] | None,
    event: Event,
) -> Explanation:
    """`explain` for a filter that a trigger has already been built from."""
    if filters:
        root = _element("filters", "all", filters, event)
    elif attributes:
        root = _attributes(attributes, event)
    else:
        root = Clause("filters", "everything matches: there is no filter", True)
    if event.type.startswith(SYSTEM_TYPES):
        root = _guarded(root, isinstance(build_filter(filters, attributes), Guarded), event)
    return Explanation(root.holds, root, deciding(root))


def _guarded(root: Clause, is_guarded: bool, event: Event) -> Clause:
    """`root` with the rule that such an event must be asked for by its type."""
    asks = f"the filter names a type that begins with {SYSTEM_TYPES!r}"
    rule = Clause("type", asks, not is_guarded, (("type", event.type),))
    return _joined(root.path, "all", (rule, root)) if is_guarded else root


def deciding(clause: Clause) -> Clause:
    """The deepest clause that alone decides: the first that fails of all, that holds of any."""
    if clause.joins == "not":
        return deciding(clause.parts[0])
    if len(clause.parts) == 1 and clause.joins:
        return deciding(clause.parts[0])
    wanted = {"all": False, "any": True}.get(clause.joins)
    if wanted is None or clause.holds is not wanted:
        return clause
    first = next((part for part in clause.parts if part.holds is wanted), None)
    return clause if first is None else deciding(first)


def _element(path: str, dialect: str, asked: Any, event: Event) -> Clause:
    """One dialect with what it asks for; it is known to be well written."""
    if dialect in _LEAVES:
        parts = tuple(_leaf(f"{path}.{name}", dialect, name, asked[name], event) for name in asked)
        return parts[0] if len(parts) == 1 else _joined(path, "all", parts)
    if dialect == "cesql":
        # Here and not above: its import takes 10 ms, and most filters have none.
        from triggers.filters.cesql.account import account

        return account(path, asked, event)
    if dialect == "not":
        return _joined(path, "not", (_only(path, asked, event),))
    parts = tuple(_only(f"{path}[{place}]", element, event) for place, element in enumerate(asked))
    return _joined(path, dialect, parts)


def _only(path: str, element: Mapping[str, Any], event: Event) -> Clause:
    [(dialect, asked)] = element.items()
    return _element(f"{path}.{dialect}", dialect, asked, event)


def _joined(path: str, joins: str, parts: tuple[Clause, ...]) -> Clause:
    held = [part.holds for part in parts]
    holds = {"all": all(held), "any": any(held), "not": not held[0]}[joins]
    asks = {"all": "all of these", "any": "any of these", "not": "not this"}[joins]
    return Clause(path, asks, holds, parts=parts, joins=joins)


def _leaf(path: str, dialect: str, name: str, value: str, event: Event) -> Clause:
    kind, verb = _LEAVES[dialect]
    seen = ((name, event.attributes.get(name)),)
    return Clause(path, f"{name} {verb} {value!r}", kind(name, value).matches(event), seen)


def _attributes(attributes: Mapping[str, str], event: Event) -> Clause:
    """The legacy filter: each attribute is the value, or only there where that is empty."""
    path = "filter.attributes"
    parts = []
    for name, value in attributes.items():
        asks = f"{name} is {value!r}" if value else f"{name} is there"
        holds = legacy({name: value}).matches(event)
        seen = ((name, event.attributes.get(name)),)
        parts.append(Clause(f"{path}.{name}", asks, holds, seen))
    return parts[0] if len(parts) == 1 else _joined(path, "all", tuple(parts))
