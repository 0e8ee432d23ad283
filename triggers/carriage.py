"""A delivery as its dispatcher carries it: what sinks see, and where it came from."""

from datetime import datetime

from broker.delivery import Delivery
from broker.event import Event, StoredEvent
from broker.storage.rows import ParkedRow, Place


class Carriage(Delivery):
    """A `Delivery` with its way back to the checkpoint.

    `row` is the parked row it was taken from, `waiting` true where it had an offset-only
    row, both falsy for one fresh from the log; `order_key` is its turn, None where unordered.
    """

    __slots__ = ("order_key", "row", "stored_at", "waiting")

    def __init__(
        self, id: str, trigger: str, offset: int, attempt: int, step: str, event: Event
    ) -> None:
        # Not by super(): this is made for every delivery, and the call is half of its price.
        self.id = id
        self.trigger = trigger
        self.offset = offset
        self.attempt = attempt
        self.step = step
        self.event = event
        self.stored_at: datetime
        self.row: ParkedRow | None = None
        self.waiting = False
        self.order_key: str | None = None

    @property
    def place(self) -> Place:
        return Place(self.trigger, self.offset, self.step)


def fresh(id_prefix: str, trigger: str, stored: StoredEvent) -> Carriage:
    """The first attempt of an event from the log."""
    offset = stored.offset
    carriage = Carriage(f"{id_prefix}{offset}", trigger, offset, 1, "deliver", stored.event)
    carriage.stored_at = stored.stored_at
    return carriage


def resumed(row: ParkedRow) -> Carriage:
    """The next attempt of a parked delivery."""
    place = row.place
    carriage = Carriage(
        row.delivery_id, place.trigger, place.offset, row.attempt, place.step, row.event
    )
    carriage.stored_at = row.stored_at
    carriage.row = row
    carriage.order_key = row.order_key
    return carriage
