"""Rows of pairs that are not in order: parked, waiting, retried."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from broker.delivery import Attempt
from broker.event import Event


class Place(NamedTuple):
    """Names one delivery within a partition: an exception row is found by it."""

    trigger: str
    offset: int
    step: str = "deliver"


@dataclass(slots=True)  # nobody changes one; frozen would cost three times as much to make
class ParkedRow:
    """A delivery that waits for its next attempt, whole: it needs nothing else to go on.

    `attempt` is the number that the next try will have; `age_seconds` what is used of
    maxAge at `due_at`; `wait_seconds` the wait chosen (a load clamps the remainder to it);
    `order_key` the value it is ordered by, None where unordered; `attempts` the evidence so
    far; `redrives` how often it came back from the desk. `attempts_before` were made before
    it last did: they are kept and counted on, but the retry budget begins after them.
    """

    place: Place
    delivery_id: str
    attempt: int
    due_at: datetime
    wait_seconds: float
    age_seconds: float
    first_at: datetime
    stored_at: datetime
    event: Event
    attempts: tuple[Attempt, ...] = ()
    order_key: str | None = None
    redrives: int = 0
    attempts_before: int = 0


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """An event that waits behind a parked delivery of its ordering key: its offset only."""

    trigger: str
    offset: int
    order_key: str


@dataclass(frozen=True, slots=True)
class Retried:
    """The evidence of retries that ended well; kept as long as the log keeps the event."""

    place: Place
    delivered_at: datetime
    attempts: tuple[Attempt, ...]
