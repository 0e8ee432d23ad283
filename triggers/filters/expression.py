"""A CESQL expression as a filter, once compiled.

Apart from the compiler, so that the index can tell these filters from others without it:
most configurations have no CESQL, and its import takes 10 ms of a start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from broker.event import Event
from triggers.filters.filter import Key

if TYPE_CHECKING:
    from triggers.filters.cesql.tree import Expression


class CesqlFilter:
    """Matches where the expression is true without any error; attributes are strings."""

    __slots__ = ("exact_keys", "key_choices", "keys", "matches", "text", "tree")

    def __init__(
        self,
        text: str,
        tree: Expression,
        key_choices: tuple[tuple[Key, ...], ...],
        exact_keys: bool,
        matches: Callable[[Event], bool],
    ) -> None:
        self.text = text
        self.tree = tree
        self.key_choices = key_choices
        self.keys: tuple[Key, ...] | None = key_choices[0] if key_choices else None
        self.exact_keys = exact_keys
        # The compiled function itself, so that a match costs one call and not two.
        self.matches = matches

    def __repr__(self) -> str:
        return f"CesqlFilter({self.text!r})"
