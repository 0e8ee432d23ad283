"""Events and the records that cover them, gathered to commits of a bounded size."""

from typing import Self

from broker.errors import HeadraceError
from broker.event import Event
from sources.source import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Outlet


class Batch:
    """`add` and `note`, and `flush`; each commit holds what was added to it, in order.

    As a context it is flushed at the end, and where an error of ours ends it too: what was
    seen is told, or whoever goes on after the error would believe that it was.
    """

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._events: list[Event] = []
        self._records: dict[str, bytes | None] = {}
        self._size_bytes = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None or isinstance(error, HeadraceError):
            await self.flush()

    async def add(self, event: Event, key: str, value: bytes | None) -> None:
        """The event and what is known after it; commits what went before where it is full."""
        grown_bytes = self._size_bytes + event.size_bytes
        if self._events and (
            len(self._events) >= BATCH_EVENTS_MAX or grown_bytes > BATCH_BYTES_MAX
        ):
            await self.flush()
        self._events.append(event)
        self._size_bytes += event.size_bytes
        self._records[key] = value

    async def note(self, key: str, value: bytes | None) -> None:
        """A record that needs no event."""
        self._records[key] = value
        if len(self._records) > 2 * BATCH_EVENTS_MAX:
            await self.flush()

    async def flush(self) -> None:
        """Give back once all of it is on disk."""
        if not self._records:
            return
        events, records = self._events, self._records
        self._events, self._records, self._size_bytes = [], {}, 0
        await self._outlet.publish(events, records)
