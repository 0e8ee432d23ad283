"""The writer: one thread that commits all that is pending whenever it becomes free.

Without a timer: while one commit is being synced the next group gathers. Nothing is
answered before its COMMIT has returned.
"""

import threading
import time
from pathlib import Path

import apsw

from broker.clock import Clock
from broker.errors import HeadraceError, StoreFailed
from broker.storage.engine import CommitTimings
from broker.storage.rows import Append
from broker.storage.sqlite.answers import Answers
from broker.storage.sqlite.failures import Failure
from broker.storage.sqlite.group import Group, Job, PendingCheckpoint
from broker.storage.sqlite.health import ERRORS, Health
from broker.storage.sqlite.inbox import STOP, Inbox
from broker.storage.sqlite.opening import Opened
from broker.storage.sqlite.options import SqliteOptions
from broker.storage.sqlite.sql import Statements
from broker.storage.sqlite.transaction import Transaction


class Writer:
    """Owns the writing connection and the ownership of the partition until it stops."""

    def __init__(
        self,
        path: Path,
        opened: Opened,
        options: SqliteOptions,
        clock: Clock,
        sql: Statements,
        answers: Answers,
        timings: CommitTimings,
    ) -> None:
        self._path = path
        self._connection = opened.connection
        self._ownership = opened.ownership
        self._position = opened.position
        self._sql = sql
        self._answers = answers
        self._timings = timings
        self._inbox = Inbox(options)
        self._is_abandoned = False
        self.is_closed = False
        self.health = Health(path, opened, options, sql, answers)
        self.transaction = Transaction(opened.connection, sql, clock)
        self._thread = threading.Thread(target=self._run, name=f"writer {path.stem}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, item: Append | PendingCheckpoint | Job) -> None:
        """Called on the event loop; answered there, after `close` with an error."""
        if self.is_closed:
            self._answers.refused(item, StoreFailed(f"{self._path} is closed", code="store-closed"))
        else:
            self._inbox.put(item)

    def put_appends(self, appends: tuple[Append, ...]) -> None:
        """`put` of each, by one hand-over: each would wake the thread, and it the loop."""
        if self.is_closed:
            for append in appends:
                self.put(append)
        else:
            self._inbox.put(appends)

    def close(self) -> None:
        """Take nothing more; `stop` finishes what was taken. Called on the event loop."""
        self.is_closed = True

    def stop(self, abandon: bool = False) -> None:
        """Finish what is pending and end the thread; blocks, so not on the loop.

        `abandon` leaves the file as a dying process would: no clean end, the WAL unmoved.
        """
        self._is_abandoned = abandon
        self._inbox.put(STOP)
        self._thread.join()

    @property
    def owner_epoch(self) -> int:
        return self._position.owner_epoch

    def _run(self) -> None:
        inbox, health = self._inbox, self.health
        try:
            while not (inbox.is_stopping and inbox.is_empty):
                inbox.wait(health.timeout_seconds)
                if group := inbox.take_group():
                    self._commit(group)
                while inbox.jobs:
                    self._do(inbox.jobs.popleft())
                health.keep_up()
            if not self._is_abandoned:
                self._end()
        except BaseException as error:
            health.give_up(StoreFailed(f"{self._path}: the writer died: {error!r}"))
            raise
        finally:
            self._connection.close(True)
            self._ownership.release()

    def _commit(self, group: Group) -> None:
        self.health.check_file()
        group = self._refuse(group)
        if not group:
            return
        started_seconds = time.monotonic()
        try:
            written = self.transaction.write(group, self._position)
        except ERRORS as error:
            self._fail(group, error)
            return
        self._position = written.position
        self._timings.commit.observe(time.monotonic() - started_seconds)
        if written.stored:
            self._timings.rows.observe(len(written.stored))
        self._answers.committed(group, written)

    def _refuse(self, group: Group) -> Group:
        """Answer what is not taken now; gives what is left. A checkpoint outlives a full disk."""
        refusal = self.health.refusal
        if refusal is None:
            return group
        if self.health.stopped is not None:
            self._answers.failed(group, refusal)
            return Group()
        self._answers.failed(Group(group.appends), refusal)
        return Group([], group.checkpoint)

    def _fail(self, group: Group, error: Exception) -> None:
        """Answer a group that was not written, or write what of it may still be."""
        failure, failed = self.health.judge(error)
        if failure is Failure.FULL:
            self._make_room(group, failed)
        elif failure is Failure.REFUSED and len(group.appends) + bool(group.checkpoint) > 1:
            # One of them holds what cannot be written; the others must not pay for it.
            for append in group.appends:
                self._commit(Group([append]))
            self._commit(Group([], group.checkpoint))
        else:
            self._answers.failed(group, failed)

    def _make_room(self, group: Group, failed: HeadraceError) -> None:
        """No room: nothing new is taken, the reserve is given up for the checkpoint."""
        had_reserve = self.health.release_reserve()
        self._answers.failed(Group(group.appends), failed)
        rest = Group([], group.checkpoint)
        if had_reserve or group.appends:
            self._commit(rest)
        else:
            self._answers.failed(rest, failed)

    def _do(self, job: Job) -> None:
        if (stopped := self.health.check_file(now=True)) is not None:
            self._answers.job(job, None, stopped)
            return
        try:
            result = job.run(self._connection)
        except HeadraceError as error:
            self.health.roll_back()
            self._answers.job(job, None, error)
        except ERRORS as error:
            failure, failed = self.health.judge(error)
            if failure is Failure.FULL:
                self.health.release_reserve()
            self._answers.job(job, None, failed)
        else:
            self._answers.job(job, result, None)

    def _end(self) -> None:
        """A clean end, unless the partition was lost before."""
        if self.health.stopped is not None:
            return
        try:
            with self._connection:
                self._connection.execute(self._sql["partition_release"], (self.owner_epoch,))
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except ERRORS as error:  # the next open finds an unclean end, which is the truth
            self.health.judge(error)
