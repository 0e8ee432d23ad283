"""The contract of a partition's log. Engines: `broker.storage.memory`, `broker.storage.sqlite`.

One owner per partition. Every method is called on the event loop; an engine does its work
elsewhere and calls back on the loop.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from broker.errors import HeadraceError
from broker.event import StoredEvent
from broker.storage.rows import (
    Append,
    Checkpoint,
    Loaded,
    Mark,
    ParkedRow,
    Place,
    Retried,
    Sizes,
    WaitingRow,
)

OnStored = Callable[[Sequence[StoredEvent]], None]
OnCheckpoint = Callable[[HeadraceError | None], None]


class Log(Protocol):
    """Append, read, checkpoint. What is answered as stored survives a power cut."""

    async def open(self, on_stored: OnStored) -> Loaded:
        """Take ownership and load. Raises StoreOwned, StoreFailed.

        `on_stored` is called on the loop once per commit, after the commit and before
        its appends and its checkpoint are answered, with all its events (published and
        replies) in offset order.
        """
        ...

    def append(self, *appends: Append) -> None:
        """Store the events and records of each in the next commit; answers by `append.done`.

        Several at once wake the writer once.

        Never blocks and never raises; the caller bounds what it has pending.
        """
        ...

    def checkpoint(self, checkpoint: Checkpoint, done: OnCheckpoint) -> None:
        """Write it in the next commit; `done(None)` when it is on disk, else the error.

        At most one is pending at a time (the caller's duty). After an error nothing of it
        was written, and the caller gives it again.
        """
        ...

    async def read(self, after: int, limit: int, bytes_max: int) -> Sequence[StoredEvent]:
        """Events with offset > `after`, ascending, at most `limit`, one if there is one."""
        ...

    async def find(self, id: str, limit: int = 20) -> Sequence[StoredEvent]:
        """Stored events whose id is `id`, newest first."""
        ...

    async def offset_at(self, moment: datetime) -> int:
        """The last offset stored before `moment`; 0 if there is none."""
        ...

    async def stored_times(self, offsets: Sequence[int]) -> Mapping[int, datetime]:
        """When the events at `offsets` were stored; without those beyond the end of the log."""
        ...

    async def offset_beyond_bytes(self, bytes_kept: int) -> int:
        """The last offset that is not among the newest `bytes_kept` bytes; 0 if all are.

        To the commit: a few events more may be kept, never fewer.
        """
        ...

    async def recent_keys(
        self, since: datetime, limit: int
    ) -> Sequence[tuple[datetime, int, bytes]]:
        """(stored at, first offset, packed keys) per commit, ascending; the newest `limit` keys."""
        ...

    async def due(
        self,
        trigger: str,
        until: datetime,
        limit: int,
        skip: frozenset[Place] = frozenset(),
        known: Mapping[Place, ParkedRow] = MappingProxyType({}),
    ) -> tuple[Sequence[ParkedRow], datetime | None]:
        """Parked rows of `trigger` due at or before `until`, oldest due first, without `skip`.

        Also gives when the next row beyond those given (and beyond `skip`) is due, or None.
        `known` are rows that the caller still has as they were last written: they are given
        as they are, and not read.
        """
        ...

    async def retried(self, offset: int) -> Sequence[Retried]:
        """The kept evidence of deliveries of one event that needed retries."""
        ...

    async def mark_beyond(self, trigger: str, offset: int) -> Mark | None:
        """The earliest kept mark of `trigger` at or beyond `offset`."""
        ...

    async def caused_by(self, offset: int, limit: int) -> Sequence[StoredEvent]:
        """The replies to deliveries of the event at `offset`, oldest first, at most `limit`."""
        ...

    async def rows_at(
        self, offset: int, limit: int
    ) -> tuple[Sequence[ParkedRow], Sequence[WaitingRow]]:
        """The parked and the waiting rows of one event, by trigger, at most `limit` of each."""
        ...

    async def prune(self, up_to: int, limit: int = 1000) -> int:
        """Forget events with offset <= `up_to`, oldest first, at most `limit`; gives how many.

        The caller has made sure that no cursor and no offset-only row needs them.
        """
        ...

    async def sizes(self) -> Sizes:
        """Bytes and counts; cheap."""
        ...

    async def probe(self) -> None:
        """A commit of nothing through the writer; raises StoreFailed or StoreFull if it cannot."""
        ...

    async def close(self) -> None:
        """Finish what is pending, release ownership; a later open finds a clean end."""
        ...
