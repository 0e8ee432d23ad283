"""Keeping the WAL short: moved by the writer alone, between commits, never inside one."""

import time
from pathlib import Path

import apsw

from broker.failpoint import reach
from broker.storage.sqlite.connection import PAGE_BYTES
from broker.storage.sqlite.options import SqliteOptions

WATCH_SECONDS = 0.1
HELD_BACK_MOVES = 4  # as much as is moved at once, so many times


class Wal:
    """Counts what was written since the WAL was moved, and says when it must be again."""

    def __init__(self, connection: apsw.Connection, options: SqliteOptions) -> None:
        self._connection = connection
        self._options = options
        self._moved_pages = self._pages()
        self._tried_at = time.monotonic()
        self._has_failed = False
        self._unmoved_bytes = 0

    def _pages(self) -> int:
        return self._connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)[0]

    @property
    def is_dirty(self) -> bool:
        return self._unmoved_bytes > 0 or self._pages() > self._moved_pages

    @property
    def is_overgrown(self) -> bool:
        """True while so much waits for a reader of another process that appends must stop."""
        return self._unmoved_bytes > self._options.wal_bytes_max

    @property
    def is_held_back(self) -> bool:
        """True while readers keep so much from being moved that all reading gets slower."""
        return self._unmoved_bytes > HELD_BACK_MOVES * self._options.wal_due_bytes

    @property
    def is_due(self) -> bool:
        waited_seconds = time.monotonic() - self._tried_at
        if waited_seconds >= self.pause_seconds:
            return self.is_dirty
        if self._has_failed or self.is_overgrown:
            return False
        written_bytes = (self._pages() - self._moved_pages) * PAGE_BYTES
        return written_bytes >= self._options.wal_due_bytes

    @property
    def pause_seconds(self) -> float:
        return 1.0 if self._has_failed or self.is_overgrown else self._options.wal_move_seconds

    def move(self) -> None:
        """Move what no reader holds back; what it could not move is tried again later."""
        reach("wal-checkpoint.before")
        self._tried_at = time.monotonic()
        self._has_failed = True
        pages = self._pages()
        try:
            frames, moved = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:  # someone else moves it; the next turn sees how far that got
            return
        self._has_failed = False
        self._moved_pages = pages
        self._unmoved_bytes = max(0, frames - moved) * PAGE_BYTES


class FileWatch:
    """Sees that the file at the path is no longer the one that is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = self._look()
        self._looked_at = time.monotonic()

    def _look(self) -> tuple[tuple[int, int], ...]:
        """Device and inode of the database and its WAL; stat opens neither."""
        identities = []
        for path in (self._path, Path(f"{self._path}-wal")):
            try:
                found = path.stat()
            except FileNotFoundError:
                identities.append((0, 0))
            else:
                identities.append((found.st_dev, found.st_ino))
        return tuple(identities)

    def is_gone(self, now: bool) -> bool:
        """Looks at most every `WATCH_SECONDS`, or `now`."""
        if not now and time.monotonic() - self._looked_at < WATCH_SECONDS:
            return False
        self._looked_at = time.monotonic()
        return self._look() != self._identity
