"""Committing in memory: what gathers until the event loop's next turn is one commit."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from broker.clock import Clock, from_milliseconds, to_milliseconds
from broker.errors import StaleRevision, StoreFailed, StoreFull
from broker.event import StoredEvent
from broker.storage.engine import CommitTimings
from broker.storage.log import OnCheckpoint, OnStored
from broker.storage.memory.state import State
from broker.storage.record_book import RecordBook
from broker.storage.rows import Append, Checkpoint

EVENTS_MAX = 1000


class MemoryWriter:
    """Commits at most 1,000 events at a time, whole appends only, as every engine does."""

    def __init__(self, state: State, clock: Clock, bytes_max: int) -> None:
        self._state = state
        self._clock = clock
        self._bytes_max = bytes_max
        self._appends: deque[Append] = deque()
        self._checkpoint: tuple[Checkpoint, OnCheckpoint] | None = None
        self._on_stored: OnStored = lambda stored: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_scheduled = False
        self.timings = CommitTimings()

    def open(self, on_stored: OnStored) -> None:
        """Own the state; an owner before that never closed is noted."""
        state = self._state
        self._loop = asyncio.get_running_loop()
        self._on_stored = on_stored
        if not state.is_clean:
            state.unclean_ends = [*state.unclean_ends, self._now()][-10:]
        state.is_clean = False
        state.clamp_parked(self._now())
        state.owner_epoch += 1

    def append(self, append: Append) -> None:
        self._appends.append(append)
        self._schedule()

    def checkpoint(self, checkpoint: Checkpoint, done: OnCheckpoint) -> None:
        assert self._checkpoint is None, "at most one checkpoint is pending"
        self._checkpoint = (checkpoint, done)
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            (self._loop or asyncio.get_running_loop()).call_soon(self._commit)

    def drop(self) -> None:
        """Forget what is pending: nobody of it is ever answered."""
        self._appends.clear()
        self._checkpoint = None
        self._loop = None

    def close(self) -> None:
        while self._appends or self._checkpoint is not None:
            self._commit()
        if self._loop is not None:
            self._state.is_clean = True
        self._loop = None

    @property
    def refusal(self) -> StoreFailed | StoreFull | None:
        """Why appends are refused now, None while they are taken."""
        if self._loop is None:
            return StoreFailed("the partition is closed", code="store-closed")
        kept_bytes = self._state.kept_bytes
        if kept_bytes < self._bytes_max:
            return None
        return StoreFull(
            f"the memory store holds {kept_bytes} bytes",
            remedy="shorten the retention, or keep this broker on disk",
            retry_after_seconds=5.0,
        )

    def _now(self) -> datetime:
        return from_milliseconds(to_milliseconds(self._clock.now()))

    def _commit(self) -> None:
        self._is_scheduled = False
        appends, pending = self._take()
        if self._loop is None:
            self._refuse(appends, pending)
            return
        started_seconds = self._clock.monotonic()
        stored: list[StoredEvent] = []
        failed = self._write(appends, pending, stored)
        self.timings.commit.observe(self._clock.monotonic() - started_seconds)
        if stored:
            self.timings.rows.observe(len(stored))
            self._on_stored(stored)
        for append in appends:
            append.done(append)
        if pending is not None:
            pending[1](failed)
        if self._appends:
            self._schedule()

    def _take(self) -> tuple[list[Append], tuple[Checkpoint, OnCheckpoint] | None]:
        taken: list[Append] = []
        events = 0
        while self._appends:
            events += len(self._appends[0].events)
            if taken and events > EVENTS_MAX:
                break
            taken.append(self._appends.popleft())
        pending, self._checkpoint = self._checkpoint, None
        return taken, pending

    def _refuse(
        self, appends: list[Append], pending: tuple[Checkpoint, OnCheckpoint] | None
    ) -> None:
        """Closed, or dropped: the answers of a log that is no more."""
        for append in appends:
            append.error = self.refusal
            append.done(append)
        if pending is not None:
            pending[1](self.refusal)

    def _write(
        self, appends: Sequence[Append], pending: tuple[Checkpoint, OnCheckpoint] | None,
        stored: list[StoredEvent],
    ) -> StaleRevision | None:  # fmt: skip
        """One commit: appends first, then the checkpoint with its replies."""
        book = self._state.open_book()
        commits = self._state.commits
        now = max(self._now(), commits[-1].stored_at) if commits else self._now()
        keys = bytearray()
        for append in appends:
            self._take_append(append, book, stored, now)
            keys += append.keys if append.error is None else b""
        failed = None
        checkpoint = pending[0] if pending is not None else None
        if checkpoint is not None:
            failed = _try_records(book, checkpoint)
        self._state.write_records(book)
        if checkpoint is not None and failed is None:
            self._state.apply(checkpoint)
            for reply in checkpoint.replies:
                offset = self._state.last_offset + len(stored) + 1
                stored.append(
                    StoredEvent(offset, reply.event, now, reply.cause.trigger, reply.cause)
                )
                keys += reply.key
        if stored:
            self._state.add_events(stored, bytes(keys))
        return failed

    def _take_append(
        self, append: Append, book: RecordBook, stored: list[StoredEvent], now: datetime
    ) -> None:
        append.taken = True
        append.error = self.refusal or _try_records(book, append)
        if append.error is not None:
            return
        offset = self._state.last_offset + len(stored)
        append.stored = [
            StoredEvent(offset + number, event, now, append.principal)
            for number, event in enumerate(append.events, 1)
        ]
        stored.extend(append.stored)


def _try_records(book: RecordBook, item: Append | Checkpoint) -> StaleRevision | None:
    try:
        book.write(item.records)
    except StaleRevision as error:
        return error
    return None
