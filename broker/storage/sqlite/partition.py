"""An open partition: its writer and its readers, for the three contracts to share."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from broker.clock import Clock
from broker.errors import StoreFailed
from broker.storage.engine import CommitTimings
from broker.storage.log import OnStored
from broker.storage.rows import Loaded
from broker.storage.sqlite.answers import Answers
from broker.storage.sqlite.later_check import LaterCheck
from broker.storage.sqlite.opening import open_partition
from broker.storage.sqlite.options import SqliteOptions
from broker.storage.sqlite.readers import Readers, run_job
from broker.storage.sqlite.sql import Statements
from broker.storage.sqlite.upkeep import Upkeep
from broker.storage.sqlite.writer import Writer

T = TypeVar("T")


class Partition:
    """Closed at first; `open` and `close` are the log's."""

    def __init__(self, path: Path, clock: Clock, options: SqliteOptions, sql: Statements) -> None:
        self.path = path
        self.timings = CommitTimings()
        self._clock = clock
        self._options = options
        self._sql = sql
        self._writer: Writer | None = None
        self._readers: Readers | None = None
        self._desk_readers: Readers | None = None
        self._check: LaterCheck | None = None
        self._upkeep: Upkeep | None = None

    async def open(self, on_stored: OnStored) -> Loaded:
        loop = asyncio.get_running_loop()
        opened = await loop.run_in_executor(
            None, open_partition, self.path, self._options, self._clock, self._sql
        )
        answers = Answers(loop, on_stored)
        writer = Writer(
            self.path, opened, self._options, self._clock, self._sql, answers, self.timings
        )
        await loop.run_in_executor(None, writer.health.prepare)
        self._writer = writer
        self._readers = Readers(self.path, self._options, writer)
        niceness = self._options.desk_niceness
        self._desk_readers = Readers(self.path, self._options, writer, niceness)
        self._upkeep = Upkeep(writer.transaction, self._sql, writer.owner_epoch)
        writer.start()
        if opened.unchecked:
            self._check = LaterCheck(self.path, self._options, writer.health)
            self._check.start()
        return opened.loaded

    @property
    def writer(self) -> Writer:
        if self._writer is None:
            raise self._not_open()
        return self._writer

    @property
    def upkeep(self) -> Upkeep:
        if self._upkeep is None:
            raise self._not_open()
        return self._upkeep

    def _not_open(self) -> StoreFailed:
        return StoreFailed(f"{self.path} is not open", code="store-closed")

    async def look(self, look: Callable[[apsw.Connection], T]) -> T:
        """Read beside the writer."""
        if self._readers is None:
            raise self._not_open()
        return await self._readers.run(look)

    async def look_gently(self, look: Callable[[apsw.Connection], T]) -> T:
        """The same for what may take its time: no delivery waits for it."""
        if self._desk_readers is None:
            raise self._not_open()
        return await self._desk_readers.run(look)

    async def work(self, run: Callable[[apsw.Connection], T]) -> T:
        """Run in the writer's thread, between two commits."""
        return await run_job(self.writer, run)

    async def close(self, abandon: bool = False) -> None:
        """Finish what is pending; with `abandon` leave the file as a dying process would."""
        if self._writer is None or self._writer.is_closed:
            return
        self._writer.close()
        loop = asyncio.get_running_loop()
        for reading in (self._check, self._readers, self._desk_readers):
            if reading is not None:
                await loop.run_in_executor(None, reading.close)
        await loop.run_in_executor(None, self._writer.stop, abandon)
