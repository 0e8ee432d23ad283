"""The contract of a filter: built once from its configuration, then pure and total."""

from dataclasses import dataclass
from typing import Literal, Protocol

from broker.event import Event


@dataclass(frozen=True, slots=True)
class Key:
    """An indexable condition: `attribute` is, begins with or ends with `value`."""

    attribute: str
    kind: Literal["exact", "prefix", "suffix"]
    value: str


class Filter(Protocol):
    @property
    def keys(self) -> tuple[Key, ...] | None:
        """Conditions of which at least one holds for every event that matches.

        None where there are none: the index then asks `matches` for every event.
        """
        ...

    @property
    def exact_keys(self) -> bool:
        """True where a hit on one of `keys` already is a match, so `matches` need not be asked."""
        ...

    def matches(self, event: Event) -> bool: ...
