"""Whether the partition may be written: what was lost, what is full, what looks after it."""

import time
from collections.abc import Callable
from pathlib import Path

import apsw

from broker.errors import HeadraceError, StoreFailed
from broker.storage.sqlite.answers import Answers
from broker.storage.sqlite.failures import (
    REFUSED_VALUES,
    Failure,
    classify,
    corrupt,
    fenced,
    store_full,
    translate,
)
from broker.storage.sqlite.opening import Opened
from broker.storage.sqlite.options import SqliteOptions
from broker.storage.sqlite.reserve import Reserve
from broker.storage.sqlite.sql import Statements
from broker.storage.sqlite.transaction import Committing, Fenced
from broker.storage.sqlite.wal import FileWatch, Wal

RESTORE_SECONDS = 1.0
ERRORS = (apsw.Error, Committing, Fenced, OSError, *REFUSED_VALUES)


class Health:
    """Used in the writer's thread; `refusal`, `reserve_bytes` and `condemn` are asked elsewhere."""

    def __init__(
        self, path: Path, opened: Opened, options: SqliteOptions, sql: Statements, answers: Answers
    ) -> None:
        self._path = path
        self._connection = opened.connection
        self._owner_epoch = opened.position.owner_epoch
        self._on_fatal = options.on_fatal
        self._sql = sql
        self._answers = answers
        self._wal = Wal(opened.connection, options)
        self._watch = FileWatch(path)
        self._reserve = Reserve(path, options.reserve_bytes)
        self._restored_at = time.monotonic()
        self.stopped: HeadraceError | None = None
        self.on_held_back: Callable[[], None] = lambda: None  # long readers of ours let go then

    def prepare(self) -> None:
        """Allocate the reserve; may take a while, so before anything is asked for."""
        self._reserve.restore()

    @property
    def refusal(self) -> HeadraceError | None:
        """Why appends are refused now, None while they are taken."""
        if self.stopped is not None:
            return self.stopped
        if self._reserve.is_missing:
            return store_full(self._path, "the disk has no room beyond the reserve")
        if self._wal.is_overgrown:
            return store_full(self._path, "a reader of another process holds back the WAL")
        return None

    @property
    def reserve_bytes(self) -> int:
        """What is held back now; 0 while it has been given up."""
        return self._reserve.held_bytes

    def condemn(self, found: str) -> None:
        """The file was found to be corrupt: nothing is written any more."""
        self.stopped = self.stopped or corrupt(self._path, found)

    def give_up(self, error: HeadraceError) -> None:
        """Stop for good, and say so once: the connection is not believed any more."""
        if self.stopped is None and self._on_fatal is not None:
            self._answers.call(self._on_fatal, error)
        self.stopped = self.stopped or error

    def check_file(self, now: bool = False) -> HeadraceError | None:
        """Give up when the file is no longer at its place: what is written would be lost."""
        if self.stopped is None and self._watch.is_gone(now):
            self.give_up(
                StoreFailed(
                    f"{self._path} was moved, replaced or deleted while in use: "
                    "put it back and restart",
                    code="store-moved",
                )
            )
        return self.stopped

    def judge(self, error: Exception) -> tuple[Failure, HeadraceError]:
        """Roll back what failed with `error`, and stop for good where it says so."""
        committing = isinstance(error, Committing)
        cause = error.__cause__ if committing else error
        assert isinstance(cause, Exception)
        failure = classify(cause, int(self._connection.system_errno))
        if failure is not Failure.BROKEN and not self.roll_back():
            failure = Failure.BROKEN
        if failure is Failure.REFUSED and self._is_fenced(error):
            failed: HeadraceError = fenced(self._path, self._owner_epoch)
            self.give_up(failed)
            return Failure.BROKEN, failed
        failed = translate(failure, cause, self._path, committing)
        failed.__cause__ = cause
        if failure is Failure.BROKEN:
            self.give_up(failed)
        elif failure is Failure.CORRUPT:
            self.stopped = failed
        return failure, failed

    def roll_back(self) -> bool:
        """SQLite rolls back by itself after some errors; false if it can do neither."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error:  # the error before this one is what gets reported
            return False
        return True

    def _is_fenced(self, error: Exception) -> bool:
        """An append meets a newer owner's rows before it meets the fence: so ask the file."""
        if isinstance(error, Fenced):
            return True
        try:
            epoch = self._connection.execute(self._sql["partition_get"]).get[1]
        except apsw.Error:  # not readable now: then the first error says more
            return False
        return bool(epoch != self._owner_epoch)

    def release_reserve(self) -> bool:
        """Give up the reserve for what must still be written; false if it was gone already."""
        had_it = not self._reserve.is_missing
        self._reserve.release()
        self._restored_at = time.monotonic()
        return had_it

    @property
    def timeout_seconds(self) -> float | None:
        """How long the writer may sleep; None while there is nothing to look after."""
        if self.stopped is not None:
            return None
        if self._reserve.is_missing:
            return RESTORE_SECONDS
        return self._wal.pause_seconds if self._wal.is_dirty else None

    def keep_up(self) -> None:
        """Between commits: restore the reserve, move the WAL."""
        if self.stopped is not None:
            return
        if self._wal.is_due:
            self._move_wal()
            if self._wal.is_held_back:
                self.on_held_back()
        if self._reserve.is_missing and time.monotonic() - self._restored_at >= RESTORE_SECONDS:
            self._restored_at = time.monotonic()
            self._reserve.restore()

    def _move_wal(self) -> None:
        """On a full disk the reserve makes the room; then the WAL starts over in its place."""
        try:
            self._wal.move()
        except ERRORS as error:
            if self.judge(error)[0] is Failure.FULL and self.release_reserve():
                self._move_wal()
