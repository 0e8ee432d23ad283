"""`suffix`: an attribute ends with the value."""

from broker.event import Event
from triggers.filters.filter import Key


class Suffix:
    """Matches events that have `attribute` and whose value ends with `value` (not empty)."""

    __slots__ = ("attribute", "keys", "value")

    def __init__(self, attribute: str, value: str) -> None:
        self.attribute = attribute
        self.value = value
        self.keys = (Key(attribute, "suffix", value),)

    @property
    def exact_keys(self) -> bool:
        return True

    def matches(self, event: Event) -> bool:
        return event.attributes.get(self.attribute, "").endswith(self.value)
