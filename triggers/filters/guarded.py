"""Events about headrace itself reach only triggers that ask for them by name.

A trigger that takes everything was written for what publishers send, and an alarm that it
carried somewhere would make the next one.
"""

from typing import Final

from broker.admission import SYSTEM_TYPES
from broker.event import Event
from triggers.filters.combined import All, Any
from triggers.filters.filter import Filter, Key
from triggers.filters.keys import key_choices

_NAMING: Final = ("exact", "prefix")


class Guarded:
    """`subject` without the events about headrace, whose types it does not name."""

    __slots__ = ("keys", "subject")

    def __init__(self, subject: Filter) -> None:
        self.subject = subject
        self.keys = subject.keys

    @property
    def exact_keys(self) -> bool:
        return False

    def matches(self, event: Event) -> bool:
        return not event.type.startswith(SYSTEM_TYPES) and self.subject.matches(event)


def guarded(subject: Filter) -> Filter:
    """`subject` behind a guard, unless it needs none: it names such a type, or has no use for it.

    It names one where an exact or a prefix on `type` begins with what all those types begin
    with; one below a `not` does not.
    """
    return subject if names_own_types(subject) or _takes_others(subject) else Guarded(subject)


def names_own_types(subject: Filter) -> bool:
    """Whether `subject` asks for events about headrace by their type."""
    if isinstance(subject, All | Any):
        return any(names_own_types(part) for part in subject.filters)
    return any(_is_own(key) for choice in key_choices(subject) for key in choice)


def _is_own(key: Key) -> bool:
    return key.attribute == "type" and key.kind in _NAMING and key.value.startswith(SYSTEM_TYPES)


def _takes_others(subject: Filter) -> bool:
    """Whether one of its conditions leaves those types out anyway."""
    return any(all(_leaves_out(key) for key in choice) for choice in key_choices(subject))


def _leaves_out(key: Key) -> bool:
    if key.attribute != "type" or key.kind not in _NAMING:
        return False
    return not key.value.startswith(SYSTEM_TYPES) and not (
        key.kind == "prefix" and SYSTEM_TYPES.startswith(key.value)
    )
