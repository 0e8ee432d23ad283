"""Small keyed values and the audit of one SQLite partition."""

from collections.abc import Sequence

import orjson

from broker.clock import from_milliseconds
from broker.storage.rows import Audit
from broker.storage.sqlite.partition import Partition
from broker.storage.sqlite.reads import OFFSET_MAX
from broker.storage.sqlite.sql import Statements


class SqliteRecords:
    """Only looks; records are written by appends and checkpoints."""

    def __init__(self, partition: Partition, sql: Statements) -> None:
        self._partition = partition
        self._sql = sql

    async def get(self, key: str) -> tuple[bytes, int] | None:
        row = await self._partition.look(lambda c: c.execute(self._sql["record_get"], (key,)).get)
        return (row[0], row[1]) if row else None

    async def scan(
        self, prefix: str, after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, bytes, int]]:
        values = (after, prefix, limit)
        packed = await self._partition.look(
            lambda c: c.execute(self._sql["records_scan"], values).get
        )
        return [(key, bytes.fromhex(value), number) for key, value, number in orjson.loads(packed)]

    async def audit(
        self, limit: int = 50, before: int | None = None
    ) -> Sequence[tuple[int, Audit]]:
        values = (OFFSET_MAX if before is None else before, limit)
        packed = await self._partition.look(
            lambda c: c.execute(self._sql["audit_list"], values).get
        )
        return [
            (number, Audit(from_milliseconds(at), *act))
            for number, at, *act in orjson.loads(packed)
        ]
