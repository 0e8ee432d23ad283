"""The records of groups: all in memory, each change of them on disk before it counts."""

import asyncio
from collections.abc import Mapping, Sequence

from broker.errors import StoreFailed
from broker.storage.records import Records
from broker.storage.rows import Audit, Record
from triggers.checkpointer import Checkpointer
from triggers.groups.state import UNTENDED, GroupRecord, pack, unpack
from triggers.ledger import Ledger

PREFIX = "desk/group/"  # of a record: desk/group/GROUP
PAGE_RECORDS = 1_000
WRITE_SECONDS_MAX = 20.0


class GroupBook:
    """Whoever changes a record holds `lock` until the change is on disk: records are written
    by checkpoints and by appends, and of two at once the elder could win.
    """

    def __init__(self, records: Records, ledger: Ledger, checkpointer: Checkpointer) -> None:
        self._records = records
        self._ledger = ledger
        self._checkpointer = checkpointer
        self.lock = asyncio.Lock()
        self.known: dict[str, GroupRecord] = {}

    async def load(self) -> None:
        after = ""
        alike: dict[bytes, GroupRecord] = {}  # of most groups only was told that they opened
        while page := await self._records.scan(PREFIX, after, PAGE_RECORDS):
            for key, value, _ in page:
                if value not in alike:
                    alike[value] = unpack(value)
                self.known[key.removeprefix(PREFIX)] = alike[value]
            after = page[-1][0]

    def of(self, group: str) -> GroupRecord:
        return self.known.get(group, UNTENDED)

    def note(self, group: str, record: GroupRecord) -> None:
        """`record` is on disk."""
        self.known[group] = record

    async def write(self, changes: Mapping[str, GroupRecord | None], acts: Sequence[Audit]) -> None:
        """Write each record, or take it away, with `acts`, in one checkpoint. Hold the lock."""
        try:
            await self.put([row(group, record) for group, record in changes.items()], acts)
        finally:  # in doubt too: the checkpoint is given again until it is written
            for group, record in changes.items():
                if record is None:
                    self.known.pop(group, None)
                else:
                    self.known[group] = record

    async def put(self, rows: Sequence[Record], acts: Sequence[Audit] = ()) -> None:
        """Write `rows` and `acts`; gives back when they are on disk. Raises StoreFailed."""
        self._ledger.records += rows
        self._ledger.audit += acts
        self._ledger.urgent = True
        try:
            async with asyncio.timeout(WRITE_SECONDS_MAX):
                await self._checkpointer.flush()
        except TimeoutError as error:
            raise StoreFailed("the store has not said that it wrote", unknown=True) from error


def row(group: str, record: GroupRecord | None) -> Record:
    return Record(PREFIX + group, None if record is None else pack(record))
