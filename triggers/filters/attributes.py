"""The legacy `filter.attributes`: every attribute is the value, or only has to be there."""

from collections.abc import Mapping

from broker.event import Event
from triggers.filters.combined import all_of
from triggers.filters.exact import Exact
from triggers.filters.filter import Filter

_REQUIRED = ("specversion", "id", "source", "type")  # of every event


class Present:
    """Matches events that have `attribute`, whatever its value."""

    __slots__ = ("attribute",)

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute

    @property
    def keys(self) -> None:
        return None

    @property
    def exact_keys(self) -> bool:
        return False

    def matches(self, event: Event) -> bool:
        return self.attribute in event.attributes


def legacy(attributes: Mapping[str, str]) -> Filter:
    """The filter of `attributes`; an empty value asks only that the attribute is there.

    Source: Knative Eventing, TriggerFilter and TriggerAnyFilter.
    """
    parts = [
        Exact(name, value) if value else Present(name)
        for name, value in attributes.items()
        if value or name not in _REQUIRED
    ]
    return all_of(parts)
