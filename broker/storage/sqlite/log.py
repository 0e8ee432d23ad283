"""The log of one SQLite partition."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import apsw
import orjson

from broker.clock import from_milliseconds
from broker.event import StoredEvent
from broker.storage.log import OnCheckpoint, OnStored
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
from broker.storage.sqlite.group import PendingCheckpoint
from broker.storage.sqlite.inquiry import Inquiry
from broker.storage.sqlite.partition import Partition
from broker.storage.sqlite.reads import Reads
from broker.storage.sqlite.sql import Statements


class SqliteLog:
    """Appends and checkpoints go to the writer, questions to the readers."""

    def __init__(self, partition: Partition, sql: Statements) -> None:
        self._partition = partition
        self._sql = sql
        self._reads = Reads(sql)
        self._inquiry = Inquiry(self._reads, sql)

    async def open(self, on_stored: OnStored) -> Loaded:
        return await self._partition.open(on_stored)

    def append(self, *appends: Append) -> None:
        self._partition.writer.put_appends(appends)

    def checkpoint(self, checkpoint: Checkpoint, done: OnCheckpoint) -> None:
        self._partition.writer.put(PendingCheckpoint(checkpoint, done))

    async def read(self, after: int, limit: int, bytes_max: int) -> Sequence[StoredEvent]:
        return await self._partition.look(lambda c: self._reads.events(c, after, limit, bytes_max))

    async def find(self, id: str, limit: int = 20) -> Sequence[StoredEvent]:
        return await self._partition.look(lambda c: self._inquiry.with_id(c, id, limit))

    async def offset_at(self, moment: datetime) -> int:
        return await self._partition.look(lambda c: self._reads.offset_before(c, moment))

    async def stored_times(self, offsets: Sequence[int]) -> Mapping[int, datetime]:
        wanted = orjson.dumps(offsets).decode()
        packed = await self._partition.look(
            lambda c: c.execute(self._sql["commits_times"], (wanted,)).get
        )
        pairs = orjson.loads(packed)
        return {offset: from_milliseconds(at) for offset, at in pairs if at is not None}

    async def offset_beyond_bytes(self, bytes_kept: int) -> int:
        return await self._partition.look(lambda c: self._reads.offset_beyond(c, bytes_kept))

    async def recent_keys(
        self, since: datetime, limit: int
    ) -> Sequence[tuple[datetime, int, bytes]]:
        return await self._partition.look(lambda c: self._reads.keys(c, since, limit))

    async def due(
        self,
        trigger: str,
        until: datetime,
        limit: int,
        skip: frozenset[Place] = frozenset(),
        known: Mapping[Place, ParkedRow] = MappingProxyType({}),
    ) -> tuple[Sequence[ParkedRow], datetime | None]:
        return await self._partition.look(
            lambda c: self._reads.due(c, trigger, until, limit, skip, known)
        )

    async def retried(self, offset: int) -> Sequence[Retried]:
        return await self._partition.look(lambda c: self._inquiry.retried(c, offset))

    async def mark_beyond(self, trigger: str, offset: int) -> Mark | None:
        return await self._partition.look(lambda c: self._inquiry.mark(c, trigger, offset))

    async def caused_by(self, offset: int, limit: int) -> Sequence[StoredEvent]:
        return await self._partition.look(lambda c: self._inquiry.caused_by(c, offset, limit))

    async def rows_at(
        self, offset: int, limit: int
    ) -> tuple[Sequence[ParkedRow], Sequence[WaitingRow]]:
        return await self._partition.look(lambda c: self._inquiry.rows_at(c, offset, limit))

    async def prune(self, up_to: int, limit: int = 1000) -> int:
        upkeep = self._partition.upkeep
        return await self._partition.work(lambda c: upkeep.prune(c, up_to, limit))

    async def sizes(self) -> Sizes:
        return await self._partition.look(self._sizes)

    def _sizes(self, connection: apsw.Connection) -> Sizes:
        pruned_to, pruned_bytes, letters, letter_bytes, last, bytes_end, oldest = (
            connection.execute(self._sql["sizes"]).get
        )
        path = self._partition.path
        refusal = self._partition.writer.health.refusal
        return Sizes(
            events=last - pruned_to,
            log_bytes=bytes_end - pruned_bytes,
            dead_letters=letters,
            dead_letter_bytes=letter_bytes,
            file_bytes=_size_bytes(path),
            wal_bytes=_size_bytes(Path(f"{path}-wal")),
            oldest_stored_at=None if oldest is None else from_milliseconds(oldest),
            refusing=None if refusal is None else str(refusal),
            disk_free_bytes=shutil.disk_usage(path.parent).free,
            reserve_bytes=self._partition.writer.health.reserve_bytes,
        )

    async def probe(self) -> None:
        await self._partition.work(self._partition.upkeep.probe)
        refusal = self._partition.writer.health.refusal
        if refusal is not None:
            raise refusal

    async def close(self) -> None:
        await self._partition.close()


def _size_bytes(path: Path) -> int:
    """0 where there is no such file: a WAL appears with the first write."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
