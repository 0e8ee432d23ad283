"""`exact`: an attribute is the value, compared as canonical strings."""

from broker.event import Event
from triggers.filters.filter import Key


class Exact:
    """Matches events that have `attribute` and whose value is `value`."""

    __slots__ = ("attribute", "keys", "value")

    def __init__(self, attribute: str, value: str) -> None:
        self.attribute = attribute
        self.value = value
        self.keys = (Key(attribute, "exact", value),)

    @property
    def exact_keys(self) -> bool:
        return True

    def matches(self, event: Event) -> bool:
        return event.attributes.get(self.attribute) == self.value
