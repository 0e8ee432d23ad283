"""`prefix`: an attribute begins with the value."""

from broker.event import Event
from triggers.filters.filter import Key


class Prefix:
    """Matches events that have `attribute` and whose value begins with `value` (not empty)."""

    __slots__ = ("attribute", "keys", "value")

    def __init__(self, attribute: str, value: str) -> None:
        self.attribute = attribute
        self.value = value
        self.keys = (Key(attribute, "prefix", value),)

    @property
    def exact_keys(self) -> bool:
        return True

    def matches(self, event: Event) -> bool:
        return event.attributes.get(self.attribute, "").startswith(self.value)
