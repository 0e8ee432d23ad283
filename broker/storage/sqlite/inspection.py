"""A look at a partition that no process owns, for `headrace verify`; changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw
import orjson

from broker.errors import StoreFailed
from broker.event import StoredEvent
from broker.storage.rows import Loaded
from broker.storage.sqlite.connection import check_version, open_reader
from broker.storage.sqlite.load import load
from broker.storage.sqlite.options import SqliteOptions
from broker.storage.sqlite.ownership import Ownership
from broker.storage.sqlite.reads import Reads
from broker.storage.sqlite.schema import APPLICATION_ID
from broker.storage.sqlite.sql import load_statements

PAGE_EVENTS = 1000
PAGE_BYTES_MAX = 16 << 20
MISTAKES_MAX = 100


@dataclass(frozen=True, slots=True)
class RowSums:
    """Rows of one trigger, counted one by one."""

    parked: int
    waiting: int
    dead_letters: int


class Inspection:
    """Holds the partition's lock from `open` to `close`: nobody writes meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sql = load_statements()
        self._reads = Reads(self._sql)
        self._ownership = Ownership(path)
        self._connection: apsw.Connection | None = None

    def open(self) -> None:
        """Raises StoreOwned, and StoreFailed for a file that is no headrace partition."""
        check_version()
        self._ownership.take()
        try:
            connection = self._connection = open_reader(self._path, SqliteOptions())
            application_id = connection.pragma("application_id")
        except apsw.Error as error:
            raise StoreFailed(f"{self._path} cannot be read: {error}") from error
        if application_id != APPLICATION_ID:
            raise StoreFailed(f"{self._path} is not a headrace partition", code="not-headrace")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._ownership.release()

    def corruption(self) -> list[str]:
        """What SQLite's integrity check finds; empty when all pages and indexes are whole."""
        try:
            found = [
                str(row[0]) for row in self._open.execute(f"PRAGMA integrity_check({MISTAKES_MAX})")
            ]
        except apsw.Error as error:
            return [str(error)]
        return [] if found == ["ok"] else found

    def gaps(self) -> list[str]:
        """Events that are missing between the oldest kept and the last stored."""
        count, first, last, pruned_to, committed_to = self._open.execute(
            self._sql["gaps_check"]
        ).get
        found = []
        if count and (first != pruned_to + 1 or last - first + 1 != count):
            found.append(
                f"offsets {pruned_to + 1} to {last} are {last - pruned_to} events, "
                f"{count} of them are there"
            )
        if last != committed_to and (count or committed_to > pruned_to):
            found.append(f"the last commit ends at offset {committed_to}, the log at {last}")
        return found

    def loaded(self) -> Loaded:
        return load(self._open, self._sql)[0]

    def sums(self) -> dict[str, RowSums]:
        """By trigger."""
        rows = orjson.loads(self._open.execute(self._sql["sums_check"]).get)
        return {name: RowSums(*counts) for name, *counts in rows}

    def events(self) -> Iterator[StoredEvent]:
        """The whole log, in pages, ascending."""
        after = 0
        while page := self._reads.events(self._open, after, PAGE_EVENTS, PAGE_BYTES_MAX):
            yield from page
            after = page[-1].offset

    @property
    def _open(self) -> apsw.Connection:
        assert self._connection is not None, "open first"
        return self._connection
