"""Event and StoredEvent: what everything here is about.

Plain slotted classes that nobody changes after they are made: a frozen dataclass costs
five times as much to make, and one is made per event.
"""

from collections.abc import Mapping
from datetime import datetime


class Event:
    """A valid CloudEvent 1.0. Made only by `broker.codec`, which checks it.

    `attributes` holds every context attribute but data as its canonical string, extensions
    among them, `specversion` and `datacontenttype` too; absent attributes are absent.
    `data` is the bytes as they came, never decoded; None where the event has no data.
    `head` is the event as an HTTP header block in binary mode (`ce-id: …\\r\\n` lines and
    `content-type`, each ended by CRLF, no content-length, no blank line): a delivery
    writes it as it is.
    """

    __slots__ = ("attributes", "data", "head", "id", "source", "type")

    def __init__(self, attributes: Mapping[str, str], data: bytes | None, head: bytes) -> None:
        self.attributes = attributes
        self.data = data
        self.head = head
        self.id = attributes["id"]
        self.source = attributes["source"]
        self.type = attributes["type"]

    @property
    def size_bytes(self) -> int:
        """What counts against limits in bytes: head and data."""
        return len(self.head) + len(self.data or b"")

    def __repr__(self) -> str:
        return f"Event(type={self.type!r}, source={self.source!r}, id={self.id!r})"


class Cause:
    """What led to a reply: the offset and the trigger whose delivery was answered."""

    __slots__ = ("offset", "trigger")

    def __init__(self, offset: int, trigger: str) -> None:
        self.offset = offset
        self.trigger = trigger


class StoredEvent:
    """An event with its place in its partition; `offset` counts from 1, without gaps at append.

    `principal` is who published it (`anonymous` until publishers sign in; a reply's is
    its trigger). `cause` is set for replies. `size_bytes` is the event's, taken once: each
    trigger that it matches counts it twice.
    """

    __slots__ = ("cause", "event", "offset", "principal", "size_bytes", "stored_at")

    def __init__(
        self,
        offset: int,
        event: Event,
        stored_at: datetime,
        principal: str = "anonymous",
        cause: Cause | None = None,
    ) -> None:
        self.offset = offset
        self.event = event
        self.stored_at = stored_at
        self.principal = principal
        self.cause = cause
        self.size_bytes = event.size_bytes

    def __repr__(self) -> str:
        return f"StoredEvent({self.offset}, {self.event!r})"
