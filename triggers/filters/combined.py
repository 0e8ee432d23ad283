"""`all`, `any` and `not`: filters made of filters."""

from collections.abc import Iterator, Sequence

from broker.event import Event
from triggers.filters.filter import Filter, Key
from triggers.filters.keys import key_choices


class Everything:
    """Matches every event: the filter of a trigger that names none."""

    __slots__ = ()

    @property
    def keys(self) -> None:
        return None

    @property
    def exact_keys(self) -> bool:
        return False

    def matches(self, event: Event) -> bool:
        return True


class All:
    """Matches where every one of `filters` does; asked in their order.

    `key_choices` are the keys of each filter that has some: any one of them narrows,
    so the index takes the one that few other triggers share.
    """

    __slots__ = ("filters", "key_choices", "keys")

    def __init__(self, filters: Sequence[Filter]) -> None:
        self.filters = tuple(filters)
        self.key_choices = tuple(choice for part in filters for choice in key_choices(part))
        self.keys = self.key_choices[0] if self.key_choices else None

    @property
    def exact_keys(self) -> bool:
        return False

    def matches(self, event: Event) -> bool:
        for part in self.filters:  # noqa: SIM110 - a generator for all() costs twice the loop
            if not part.matches(event):
                return False
        return True


class Any:
    """Matches where at least one of `filters` does; asked in their order."""

    __slots__ = ("exact_keys", "filters", "keys")

    def __init__(self, filters: Sequence[Filter]) -> None:
        self.filters = tuple(filters)
        self.keys = _union(filters)
        self.exact_keys = all(part.exact_keys for part in filters)

    def matches(self, event: Event) -> bool:
        for part in self.filters:  # noqa: SIM110 - a generator for any() costs twice the loop
            if part.matches(event):
                return True
        return False


class Not:
    """Matches where `negated` does not, so also where an attribute it names is missing."""

    __slots__ = ("negated",)

    def __init__(self, negated: Filter) -> None:
        self.negated = negated

    @property
    def keys(self) -> None:
        return None

    @property
    def exact_keys(self) -> bool:
        return False

    def matches(self, event: Event) -> bool:
        return not self.negated.matches(event)


def all_of(filters: Sequence[Filter]) -> Filter:
    """All of `filters`: none match everything, one is itself, a conjunction within is opened."""
    parts = list(_opened(filters))
    if not parts:
        return Everything()
    return parts[0] if len(parts) == 1 else All(parts)


def any_of(filters: Sequence[Filter]) -> Filter:
    """At least one of `filters`, of which there must be some."""
    return filters[0] if len(filters) == 1 else Any(filters)


def _opened(filters: Sequence[Filter]) -> Iterator[Filter]:
    for part in filters:
        if isinstance(part, All):
            yield from part.filters
        elif not isinstance(part, Everything):
            yield part


def _union(filters: Sequence[Filter]) -> tuple[Key, ...] | None:
    """The keys of all, without repeats; None where one part could match without a key."""
    keys: dict[Key, None] = {}
    for part in filters:
        if part.keys is None:
            return None
        keys.update(dict.fromkeys(part.keys))
    return tuple(keys)
