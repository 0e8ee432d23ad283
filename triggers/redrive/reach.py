"""What redrives may reach beyond their triggers: sinks of the configuration, URLs, brokers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from broker.event import Event
from broker.storage.records import Records
from broker.storage.rows import Record
from sinks.spec import SinkSpec
from triggers.enrolment import Endpoint
from triggers.groups.announcer import Door
from triggers.redrive.aim_facts import SinkFacts


@dataclass(frozen=True, slots=True)
class OtherSink:
    """A sink that is open."""

    spec: SinkSpec
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class OtherBroker:
    """A broker as who publishes to it sees it, perhaps the dead letters' own.

    `event_bytes_max()` is how large an event may be there now.
    `offset_of(principal, event)` is where what was stored lately stands, None where nobody
    knows any more; `forget(keys)` lets its records go with a next checkpoint.
    """

    door: Door
    records: Records
    event_bytes_max: Callable[[], int]
    offset_of: Callable[[str, Event], int | None]
    forget: Callable[[Sequence[Record]], None]


class Reach(Protocol):
    """Of a process. Names are whole: `namespace/name`."""

    def sinks(self) -> Sequence[str]:
        """Those that an event can be redriven to."""
        ...

    def brokers(self) -> Sequence[str]: ...

    def facts_of(self, sink: str, triggers: Sequence[str]) -> SinkFacts:
        """How a sink is; `triggers` are those whose dead letters would go to it.

        Raises Invalid where there is none any more.
        """
        ...

    async def sink(self, name: str, broker: str) -> OtherSink:
        """Open it, if nobody has; `broker` takes its replies. Raises Invalid, Unavailable.

        `name` may be a URL too.
        """
        ...

    async def try_url(self, url: str, broker: str) -> None:
        """Raises Invalid where it may not be, or cannot be, reached."""
        ...

    def broker(self, name: str) -> OtherBroker | None:
        """None where there is none any more."""
        ...
