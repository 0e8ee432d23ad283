"""The log of a memory partition: its writer's commits, and what is asked of them."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from types import MappingProxyType

from broker.event import StoredEvent
from broker.storage.log import OnCheckpoint, OnStored
from broker.storage.memory.load import load
from broker.storage.memory.state import State
from broker.storage.memory.writer import MemoryWriter
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


class MemoryLog:
    """Answers from the lists and dictionaries of one state."""

    def __init__(self, state: State, writer: MemoryWriter) -> None:
        self._state = state
        self._writer = writer

    async def open(self, on_stored: OnStored) -> Loaded:
        self._writer.open(on_stored)
        return load(self._state)

    def append(self, *appends: Append) -> None:
        for append in appends:
            self._writer.append(append)

    def checkpoint(self, checkpoint: Checkpoint, done: OnCheckpoint) -> None:
        self._writer.checkpoint(checkpoint, done)

    async def read(self, after: int, limit: int, bytes_max: int) -> Sequence[StoredEvent]:
        start = max(0, after - self._state.pruned_to)
        page: list[StoredEvent] = []
        size_bytes = 0
        for event in self._state.events[start : start + limit]:
            size_bytes += event.event.size_bytes
            if page and size_bytes > bytes_max:
                break
            page.append(event)
        return page

    async def find(self, id: str, limit: int = 20) -> Sequence[StoredEvent]:
        return [event for event in reversed(self._state.events) if event.event.id == id][:limit]

    async def offset_at(self, moment: datetime) -> int:
        commits = self._state.commits
        index = bisect_left(commits, moment, key=lambda commit: commit.stored_at)
        return commits[index - 1].last_offset if index else 0

    async def stored_times(self, offsets: Sequence[int]) -> Mapping[int, datetime]:
        commits, found = self._state.commits, {}
        for offset in offsets:
            index = bisect_left(commits, offset, key=lambda commit: commit.last_offset)
            if index < len(commits):
                found[offset] = commits[index].stored_at
        return found

    async def offset_beyond_bytes(self, bytes_kept: int) -> int:
        commits = self._state.commits
        highest = self._state.bytes_end - bytes_kept
        index = bisect_left(commits, highest + 1, key=lambda commit: commit.bytes_end)
        return commits[index - 1].last_offset if index else 0

    async def recent_keys(
        self, since: datetime, limit: int
    ) -> Sequence[tuple[datetime, int, bytes]]:
        found: list[tuple[datetime, int, bytes]] = []
        for commit in reversed(self._state.commits):
            if commit.stored_at < since or limit <= 0:
                break
            keys = commit.keys[-8 * limit :]
            limit -= len(keys) // 8
            found.append((commit.stored_at, commit.last_offset - len(keys) // 8 + 1, keys))
        return found[::-1]

    async def due(
        self,
        trigger: str,
        until: datetime,
        limit: int,
        skip: frozenset[Place] = frozenset(),
        known: Mapping[Place, ParkedRow] = MappingProxyType({}),
    ) -> tuple[Sequence[ParkedRow], datetime | None]:
        rows = [
            row
            for place, row in self._state.parked.items()
            if place.trigger == trigger and place not in skip
        ]
        rows.sort(key=lambda row: (row.due_at, row.place.offset, row.place.step))
        given = [row for row in rows if row.due_at <= until][:limit]
        return given, rows[len(given)].due_at if len(rows) > len(given) else None

    async def retried(self, offset: int) -> Sequence[Retried]:
        found = [row for place, row in self._state.retried.items() if place.offset == offset]
        return sorted(found, key=lambda row: (row.place.trigger, row.place.step))

    async def mark_beyond(self, trigger: str, offset: int) -> Mark | None:
        marks = [m for m in self._state.marks.values() if m.trigger == trigger]
        beyond = [mark for mark in marks if mark.offset >= offset]
        return min(beyond, key=lambda mark: (mark.offset, mark.at), default=None)

    async def caused_by(self, offset: int, limit: int) -> Sequence[StoredEvent]:
        replies = (e for e in self._state.events if e.cause and e.cause.offset == offset)
        return list(islice(replies, limit))

    async def rows_at(
        self, offset: int, limit: int
    ) -> tuple[Sequence[ParkedRow], Sequence[WaitingRow]]:
        parked = [row for place, row in self._state.parked.items() if place.offset == offset]
        parked.sort(key=lambda row: (row.place.trigger, row.place.step))
        waiting = [row for row in self._state.waiting.values() if row.offset == offset]
        waiting.sort(key=lambda row: row.trigger)
        return parked[:limit], waiting[:limit]

    async def prune(self, up_to: int, limit: int = 1000) -> int:
        return self._state.prune(up_to, limit)

    async def sizes(self) -> Sizes:
        state = self._state
        refusal = self._writer.refusal
        return Sizes(
            events=len(state.events),
            log_bytes=self._state.kept_bytes,
            dead_letters=len(state.letters.by_id),
            dead_letter_bytes=state.letters.size_bytes,
            file_bytes=0,
            wal_bytes=0,
            oldest_stored_at=state.events[0].stored_at if state.events else None,
            refusing=str(refusal) if refusal else None,
        )

    async def probe(self) -> None:
        if (refusal := self._writer.refusal) is not None:
            raise refusal

    async def close(self) -> None:
        self._writer.close()
