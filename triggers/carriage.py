"""A delivery as its dispatcher carries it: what sinks see, and where it came from."""

from datetime import datetime
from typing import TYPE_CHECKING

from broker.codec import with_attributes
from broker.delivery import Delivery
from broker.event import Event, StoredEvent
from broker.storage.rows import ParkedRow, Place

if TYPE_CHECKING:
    from sinks.target import Target
    from triggers.lane import Ended, Lane

REDRIVE = "redrive/"  # before the step of a row that came back from the desk


class Carriage(Delivery):
    """A `Delivery` with its way back to the checkpoint; made by `fresh` and `resumed` only.

    `row` is the parked row it was taken from, `waiting` true where it had an offset-only
    row, both falsy for one fresh from the log; `order_key` is its turn, None where unordered.
    `target` is that of the sink it was given to: its lane may have another one by now.
    `lane`, `started` (monotonic) and `ended` are of the call that it is alone in.
    """

    __slots__ = ("ended", "lane", "order_key", "row", "started", "stored_at", "target", "waiting")

    lane: "Lane"
    started: float
    ended: "Ended"
    target: "Target"
    stored_at: datetime
    row: ParkedRow | None
    waiting: bool
    order_key: str | None

    # One is made for every delivery, and a call of __init__ would be most of its price.
    __init__ = object.__init__

    @property
    def place(self) -> Place:
        row = self.row
        return row.place if row is not None else Place(self.trigger, self.offset, self.step)

    @property
    def kept_event(self) -> Event:
        """The event as it was stored: what is sent may say that it is redriven."""
        return self.row.event if self.row is not None else self.event


def fresh(id_prefix: str, trigger: str, stored: StoredEvent) -> Carriage:
    """The first attempt of an event from the log."""
    carriage: Carriage = Carriage()
    carriage.offset = offset = stored.offset
    carriage.id = f"{id_prefix}{offset}"
    carriage.trigger = trigger
    carriage.attempt = 1
    carriage.step = "deliver"
    carriage.event = stored.event
    carriage.stored_at = stored.stored_at
    carriage.row = None
    carriage.waiting = False
    carriage.order_key = None
    return carriage


def resumed(row: ParkedRow) -> Carriage:
    """The next attempt of a parked delivery."""
    place = row.place
    carriage: Carriage = Carriage()
    carriage.offset = place.offset
    carriage.id = row.delivery_id
    carriage.trigger = place.trigger
    carriage.attempt = row.attempt
    # To the sink a redrive is the delivery that it was: only the count tells.
    carriage.step = place.step.removeprefix(REDRIVE)
    carriage.event = row.event
    if row.redrives:
        carriage.event = with_attributes(row.event, {"headraceredrive": str(row.redrives)})
    carriage.stored_at = row.stored_at
    carriage.row = row
    carriage.waiting = False
    carriage.order_key = row.order_key
    return carriage
