"""The contract of a source: making events of what happens elsewhere, none lost, none twice.

A source keeps its position in records, small values stored in the same commit as the events
that they cover. After any end it begins where its records say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from broker.clock import Clock
from broker.errors import HeadraceError
from broker.event import Event
from broker.http_message import Answer, BodyPlan, Request, Respond
from sources.standing import Standing

BATCH_EVENTS_MAX = 500  # of one `publish`
BATCH_BYTES_MAX = 1024 * 1024  # of one `publish`, unless a single event is larger

Records = Mapping[str, bytes | None]
"""By key, below the source's own; None removes. At most some KiB each: many small ones."""
NO_RECORDS: Records = MappingProxyType({})

Offered = Callable[[HeadraceError | None, bool], None]
"""Called once, after the commit: the refusal if there was one, and whether it was a repeat."""


PlaceOf = Callable[[int], str]
"""What an event, by its index, is called at its origin, once and for ever."""


class Outlet(Protocol):
    """What a running source is given: the broker, its own records, and where it says how it is."""

    standing: Standing

    async def publish(
        self,
        events: Sequence[Event],
        records: Records = NO_RECORDS,
        place_of: PlaceOf | None = None,
    ) -> None:
        """Store `events` and `records` in one commit; when it gives back, both are on disk.

        In the order given, at most BATCH_EVENTS_MAX and BATCH_BYTES_MAX. It waits, for ever if
        need be, while the broker is overloaded, full or draining: that is how a source slows
        down, so what it has read ahead must be bounded. An event that the broker can never take
        (over its limits, a repeat with other data) is replaced in the same commit by one of
        type dev.headrace.system.source.refused that says which and why, by the name that
        `place_of` gives it (for events whose own id does not tell where they lay). Repeats
        within the broker's window are stored once. Cancelled, the commit may still happen, whole.
        """
        ...

    def offer(self, events: Sequence[Event], done: Offered, records: Records = NO_RECORDS) -> None:
        """One try without waiting, for senders that wait for the answer: every refusal is told."""
        ...

    async def record(self, key: str) -> bytes | None:
        """A record as it is on disk, None where there is none."""
        ...

    async def scan(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, bytes]]:
        """Records whose key begins with `prefix`, by ascending key, keys > `after` only."""
        ...


@dataclass(frozen=True, slots=True)
class SourceSupplies:
    """What sources of one process share. `chance` gives numbers from 0 to 1.

    `environment` is the process's, for accounts that a platform puts there.
    """

    clock: Clock
    chance: Callable[[], float]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class Source(Protocol):
    """One origin of events; made without I/O as `Kind(spec, supplies)`, Invalid if it cannot be.

    One object runs at most once.
    """

    async def run(self, outlet: Outlet) -> None:
        """Make events until cancelled; leave nothing open behind.

        Says `outlet.standing.connect()` whenever its origin answers. What it cannot mend by
        itself it raises: Unavailable or OSError where trying again may help, Denied or Invalid
        where somebody must act first (with the remedy). It is run again after a while by a new
        object, from its records; the first wait is short, the longest 30 s, and grows until
        `connect` is said.
        """
        ...

    async def check(self) -> str:
        """Try the connection with what is configured, and change nothing.

        Gives a sentence of what was found; raises HeadraceError with what is missing (the
        topic, the bucket, the right). Bounded by 15 s.
        """
        ...


@runtime_checkable
class Receiver(Protocol):
    """A source that is sent to: it serves `/sources/{namespace}/{name}` on the ingress.

    As a route of the HTTP server; `run` gives it its outlet and then waits. Without one (not
    started, paused) it answers 503 with Retry-After.
    """

    def head(self, request: Request) -> Answer | BodyPlan: ...

    def receive(self, request: Request, respond: Respond) -> None: ...
