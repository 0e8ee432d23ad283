"""Which indexable conditions a filter offers, where it offers more than one set."""

from typing import Protocol, runtime_checkable

from triggers.filters.filter import Filter, Key


@runtime_checkable
class Selective(Protocol):
    """A filter with several sets of keys, each by itself necessary for a match.

    A conjunction of `type = 'x'` and `source = 'y'` can be found by either. Ten thousand
    triggers may share the type, so which one narrows is only known beside the others.
    """

    @property
    def key_choices(self) -> tuple[tuple[Key, ...], ...]: ...


def key_choices(subject: Filter) -> tuple[tuple[Key, ...], ...]:
    """The sets of keys that `subject` can be found by; empty where it must always be asked."""
    if isinstance(subject, Selective):
        return subject.key_choices
    return (subject.keys,) if subject.keys is not None else ()
