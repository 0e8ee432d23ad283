"""Who follows events through a partition: told at its seams, while somebody traces."""

from collections.abc import Sequence
from typing import Protocol

from broker.delivery import Outcome
from broker.event import StoredEvent
from broker.storage.rows import Reply
from triggers.carriage import Carriage
from triggers.lane import Lane


class Tracer(Protocol):
    """Called on the event loop, for every event: must be quick, and must not raise."""

    def stored(self, group: Sequence[StoredEvent]) -> None:
        """One commit's events are on disk, published ones and replies."""
        ...

    def attempted(
        self, lane: Lane, carriage: Carriage, outcome: Outcome, started: float, ended: float
    ) -> None:
        """An attempt has ended; times are monotonic seconds."""
        ...

    def replied(self, carriage: Carriage, reply: Reply) -> Reply:
        """The reply as it is to be appended: with a traceparent, if it is to continue a trace."""
        ...
