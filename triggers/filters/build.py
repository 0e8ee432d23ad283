"""From `filters` as written in YAML to one Filter, or to all the mistakes in it.

Source of the dialects: CloudEvents Subscriptions API, filters; Knative Eventing, Trigger.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from broker.errors import InvalidFilter
from triggers.filters.attributes import legacy
from triggers.filters.combined import Everything, Not, all_of, any_of
from triggers.filters.exact import Exact
from triggers.filters.filter import Filter
from triggers.filters.guarded import guarded
from triggers.filters.prefix import Prefix
from triggers.filters.suffix import Suffix

NESTING_MAX: Final = 32  # of all, any and not within each other

_NAME: Final = re.compile(r"[a-z0-9]+")
_LEAVES: Final[Mapping[str, Callable[[str, str], Filter]]] = {
    "exact": Exact,
    "prefix": Prefix,
    "suffix": Suffix,
}
_DIALECTS: Final = (*_LEAVES, "all", "any", "not", "cesql")


def build_filter(
    filters: Sequence[Mapping[str, Any]], attributes: Mapping[str, str] | None = None
) -> Filter:
    """The filter that all of `filters` are; none match everything.

    `attributes` is the legacy `filter.attributes`; `filters`, where there are some, take
    its place, as in Knative. Events about headrace match only where a filter names such a
    type. Raises the first of `mistakes`.
    """
    builder = _Builder()
    built = builder.whole(filters, attributes)
    if builder.mistakes:
        raise builder.mistakes[0]
    return guarded(built)


def mistakes(
    filters: Sequence[Mapping[str, Any]], attributes: Mapping[str, str] | None = None
) -> list[InvalidFilter]:
    """Every mistake in both, each `where` a path such as `filters[1].cesql`, in their order."""
    builder = _Builder()
    builder.whole(filters, attributes)
    return builder.mistakes


class _Builder:
    """Builds what it can and notes what it cannot; a noted part stands as Everything."""

    def __init__(self) -> None:
        self.mistakes: list[InvalidFilter] = []

    def whole(self, filters: object, attributes: object) -> Filter:
        by_attributes = self._attributes(attributes, "filter.attributes")
        if filters is None or filters in ([], ()):
            return by_attributes
        return self._all("filters", filters, 1)

    def _attributes(self, attributes: object, where: str) -> Filter:
        if attributes is None or attributes == {}:
            return Everything()
        if not isinstance(attributes, Mapping):
            return self._refuse(where, "is no map", "write attribute: value lines")
        checked = {
            name: value
            for name, value in attributes.items()
            if self._is_name(name, where) and self._is_text(value, f"{where}.{name}")
        }
        return legacy(checked)

    def _element(self, where: str, element: object, nesting: int) -> Filter:
        """One element: exactly one dialect and what it asks for."""
        if not isinstance(element, Mapping) or not element:
            return self._refuse(where, "names no dialect", f"name one of: {', '.join(_DIALECTS)}")
        if len(element) > 1:
            names = ", ".join(str(name) for name in element)
            return self._refuse(
                where, f"names several dialects: {names}", "make each an element of the list"
            )
        if nesting > NESTING_MAX:
            return self._refuse(
                where,
                f"is nested deeper than {NESTING_MAX}",
                "write it with fewer all, any and not",
            )
        [(dialect, asked)] = element.items()
        return self._dialect(f"{where}.{dialect}", dialect, asked, nesting)

    def _dialect(self, where: str, dialect: object, asked: object, nesting: int) -> Filter:
        if isinstance(dialect, str) and dialect in _LEAVES:
            return self._leaf(where, _LEAVES[dialect], asked)
        match dialect:
            case "all":
                return self._all(where, asked, nesting + 1)
            case "any":
                parts = self._list(where, asked, nesting + 1)
                return any_of(parts) if parts else Everything()
            case "not":
                return Not(self._element(where, asked, nesting + 1))
            case "cesql":
                return self._cesql(where, asked)
        return self._refuse(where, "is no dialect", f"name one of: {', '.join(_DIALECTS)}")

    def _leaf(self, where: str, kind: Callable[[str, str], Filter], asked: object) -> Filter:
        if not isinstance(asked, Mapping) or not asked:
            return self._refuse(where, "names no attribute", "write attribute: value")
        parts = []
        for name, value in asked.items():
            if not (self._is_name(name, where) and self._is_text(value, f"{where}.{name}")):
                continue
            if not value:
                self._refuse(f"{where}.{name}", "is empty", "give a value, or leave it out")
                continue
            parts.append(kind(name, value))
        return all_of(parts)

    def _all(self, where: str, asked: object, nesting: int) -> Filter:
        return all_of(self._list(where, asked, nesting))

    def _list(self, where: str, asked: object, nesting: int) -> list[Filter]:
        if isinstance(asked, str | Mapping) or not isinstance(asked, Sequence) or not asked:
            self._refuse(where, "is no list of filters", "write a list of one element or more")
            return []
        return [
            self._element(f"{where}[{place}]", element, nesting)
            for place, element in enumerate(asked)
        ]

    def _cesql(self, where: str, asked: object) -> Filter:
        if not isinstance(asked, str):
            return self._refuse(where, f"is {_shown(asked)}, no text", "put it in quotes")
        # Here and not above: most configurations have no CESQL, whose import takes 10 ms.
        from triggers.filters.cesql.compile import compile_filter

        try:
            return compile_filter(asked)
        except InvalidFilter as error:
            error.where = where
            self.mistakes.append(error)
            return Everything()

    def _is_name(self, name: object, where: str) -> bool:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self._refuse(
                where,
                f"{_shown(name)} is no attribute name",
                "write lower-case letters and digits",
            )
            return False
        if name == "data":
            self._refuse(f"{where}.data", "data is no attribute", "filter on an attribute")
            return False
        return True

    def _is_text(self, value: object, where: str) -> bool:
        if isinstance(value, str):
            return True
        self._refuse(where, f"is {_shown(value)}, no text", "put it in quotes")
        return False

    def _refuse(self, where: str, what: str, remedy: str) -> Filter:
        self.mistakes.append(InvalidFilter(what, where=where, remedy=remedy))
        return Everything()


def _shown(value: object) -> str:
    """`value` as YAML writes it, cut to what a line can hold."""
    if value is None:
        return "empty"
    return (str(value).lower() if isinstance(value, bool) else repr(value))[:60]
