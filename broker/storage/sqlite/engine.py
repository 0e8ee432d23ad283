"""The embedded engine: one broker's log, desk and records in one SQLite file."""

from pathlib import Path

from broker.clock import Clock
from broker.storage.engine import CommitTimings
from broker.storage.sqlite.desk import SqliteDesk
from broker.storage.sqlite.log import SqliteLog
from broker.storage.sqlite.options import SqliteOptions
from broker.storage.sqlite.partition import Partition
from broker.storage.sqlite.records import SqliteRecords
from broker.storage.sqlite.sql import load_statements


class SqliteEngine:
    """`path` is `<data>/<namespace>/<broker>.db`; nothing is touched before `log.open`.

    Beside it lie the WAL, `<broker>.lock` and `<broker>.reserve`.
    """

    def __init__(self, path: Path, clock: Clock, options: SqliteOptions | None = None) -> None:
        sql = load_statements()
        self._partition = Partition(path, clock, options or SqliteOptions(), sql)
        self.log = SqliteLog(self._partition, sql)
        self.desk = SqliteDesk(self._partition, sql, clock)
        self.records = SqliteRecords(self._partition, sql)

    @property
    def timings(self) -> CommitTimings:
        return self._partition.timings

    async def abandon(self) -> None:
        """Let go as a dying process would: committed is what was answered, no clean end."""
        await self._partition.close(abandon=True)
