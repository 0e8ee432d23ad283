"""One item of the trigger index, and a bucket of those that wait behind the same key."""

from collections.abc import Callable
from typing import Generic, TypeVar

from broker.event import Event
from triggers.filters.filter import Filter, Key

T = TypeVar("T")


class Entry(Generic[T]):
    """An item with its place in the order of adding and the keys it was put under.

    `ask` is None where a hit on a key already is a match.
    """

    __slots__ = ("ask", "filter", "item", "keys", "order")

    def __init__(
        self, order: int, item: T, subject: Filter, keys: tuple[Key, ...], always: bool
    ) -> None:
        self.order = order
        self.item = item
        self.filter = subject
        self.keys = keys
        self.ask: Callable[[Event], bool] | None = None if always else subject.matches


class Bucket(Generic[T]):
    """The entries under one key, in the order of adding.

    `items` is what they all match with, None where it is not known: some must be asked,
    or an entry came or went since. Whoever gives it away copies it.
    """

    __slots__ = ("_asking", "_entries", "items")

    def __init__(self) -> None:
        self._entries: dict[int, Entry[T]] = {}
        self._asking = 0  # entries that must be asked
        self.items: list[T] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry[T]) -> None:
        self._entries[entry.order] = entry
        self._asking += entry.ask is not None
        self.items = None

    def remove(self, entry: Entry[T]) -> None:
        del self._entries[entry.order]
        self._asking -= entry.ask is not None
        self.items = None

    def matching(self, event: Event) -> list[T]:
        """The items that match `event`, which has hit this bucket's key."""
        if not self._asking:
            self.items = [entry.item for entry in self._entries.values()]
            return self.items.copy()
        return [
            entry.item for entry in self._entries.values() if entry.ask is None or entry.ask(event)
        ]

    def collect(self, event: Event, found: dict[int, T]) -> None:
        """Put the matching items into `found` by their order; what is there is not asked again."""
        for order, entry in self._entries.items():
            if order not in found and (entry.ask is None or entry.ask(event)):
                found[order] = entry.item
