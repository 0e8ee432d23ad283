"""One group in one transaction: records compared, events appended, the checkpoint applied.

Runs in the writer's thread. Steps are few on purpose (see `sql`): a commit of a hundred
events from one publisher takes six.
"""

import zlib
from collections.abc import Sequence
from struct import pack

import apsw
import orjson

from broker.clock import Clock, from_milliseconds, to_milliseconds
from broker.errors import HeadraceError, StaleRevision
from broker.event import StoredEvent
from broker.failpoint import reach
from broker.storage.record_book import RecordBook
from broker.storage.rows import Append, Checkpoint, Record, Reply
from broker.storage.sqlite.apply import apply_checkpoint
from broker.storage.sqlite.group import Group, Written
from broker.storage.sqlite.load import Position
from broker.storage.sqlite.sql import Statements


class Fenced(Exception):
    """The epoch in the file is not ours any more; the transaction must be rolled back."""


class Committing(Exception):
    """COMMIT itself failed, `__cause__` says how: the outcome may be unknown."""


class Transaction:
    """Writes groups through one connection; gives the position after each."""

    def __init__(self, connection: apsw.Connection, sql: Statements, clock: Clock) -> None:
        self._connection = connection
        self._sql = sql
        self._clock = clock

    def write(self, group: Group, position: Position) -> Written:
        """Commit what of `group` may be. Nothing was on any exception but Committing."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        book = self._open_book(group)
        written = Written(position, [], [])
        rows, keys = self._number_appends(group, book, written)
        checkpoint = self._admit_checkpoint(group, book, written)
        if checkpoint is not None and checkpoint.replies:
            keys.extend(self._number_replies(checkpoint.replies, rows, written))
        if rows:
            self._add_events(rows, keys, written)
        if book.changes:
            self._write_records(book)
        if checkpoint is not None:
            apply_checkpoint(connection, self._sql, checkpoint)
        self.fence(position.owner_epoch, checkpoint, has_events=bool(rows))
        self._reach_before(bool(rows), checkpoint is not None)
        self.commit()
        self._reach_after(bool(rows), checkpoint is not None)
        return written

    def fence(
        self, owner_epoch: int, checkpoint: Checkpoint | None = None, has_events: bool = False
    ) -> None:
        """Raise Fenced if the file has another owner; events are fenced by their commit row."""
        if checkpoint is None and has_events:
            return
        routed = checkpoint.routed if checkpoint is not None else None
        self._connection.execute(self._sql["partition_route"], (routed, owner_epoch))
        if self._connection.changes() == 0:
            raise Fenced

    def commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            raise Committing from error

    def _open_book(self, group: Group) -> RecordBook:
        records: list[Record] = []
        for append in group.appends:
            records.extend(append.records)
        if group.checkpoint is not None:
            records.extend(group.checkpoint.checkpoint.records)
        if not records:
            return RecordBook(_absent)
        keys = orjson.dumps(sorted({record.key for record in records})).decode()
        found = self._connection.execute(self._sql["record_revisions"], (keys,)).get
        revisions: dict[str, int] = dict(orjson.loads(found))
        return RecordBook(lambda key: revisions.get(key, 0))

    def _number_appends(
        self, group: Group, book: RecordBook, written: Written
    ) -> tuple[list[tuple[object, ...]], bytearray]:
        """Give offsets to the events of all appends whose records are current."""
        position = written.position
        stored_ms = max(to_milliseconds(self._clock.now()), position.stored_ms)
        stored_at = from_milliseconds(stored_ms)
        offset, bytes_end = position.last_offset, position.bytes_end
        rows: list[tuple[object, ...]] = []
        keys = bytearray()
        for append in group.appends:
            if append.records and (error := _try_records(book, append)):
                written.answers.append((append, [], error))
                continue
            principal = append.principal
            kept = None if principal == "anonymous" else principal
            stored: list[StoredEvent] = []
            for event in append.events:
                offset += 1
                data = event.data
                bytes_end += len(event.head) + (len(data) if data else 0)
                rows.append((offset, stored_ms, event.head, data, kept, None, None))
                stored.append(StoredEvent(offset, event, stored_at, principal))
            keys += append.keys
            written.stored += stored
            written.answers.append((append, stored, None))
        written.position = Position(position.owner_epoch, offset, stored_ms, bytes_end)
        return rows, keys

    def _admit_checkpoint(
        self, group: Group, book: RecordBook, written: Written
    ) -> Checkpoint | None:
        if group.checkpoint is None:
            return None
        checkpoint = group.checkpoint.checkpoint
        try:
            book.write(checkpoint.records)
        except StaleRevision as error:
            written.checkpoint_error = error
            return None
        return checkpoint

    def _number_replies(
        self, replies: Sequence[Reply], rows: list[tuple[object, ...]], written: Written
    ) -> bytes:
        """Replies follow the publishers' events; their principal is their trigger."""
        position = written.position
        stored_at = from_milliseconds(position.stored_ms)
        offset, bytes_end = position.last_offset, position.bytes_end
        for reply in replies:
            offset += 1
            event, cause = reply.event, reply.cause
            bytes_end += event.size_bytes
            rows.append(
                (offset, position.stored_ms, event.head, event.data,
                 cause.trigger, cause.offset, cause.trigger)
            )  # fmt: skip
            written.stored.append(StoredEvent(offset, event, stored_at, cause.trigger, cause))
        written.position = Position(position.owner_epoch, offset, position.stored_ms, bytes_end)
        return b"".join(reply.key for reply in replies)

    def _add_events(
        self, rows: list[tuple[object, ...]], keys: bytearray, written: Written
    ) -> None:
        position = written.position
        checksums = [zlib.crc32(stored.event.id.encode()) for stored in written.stored]
        ids = pack(f"<{len(checksums)}I", *checksums)
        self._sql.write(self._connection, "events_add", rows)
        self._connection.execute(
            self._sql["commits_add"],
            (position.last_offset, position.last_offset - len(rows) + 1, position.stored_ms,
             position.bytes_end, position.owner_epoch, keys, ids),
        )  # fmt: skip

    def _write_records(self, book: RecordBook) -> None:
        changes = book.changes.items()
        put = [(key, value, revision) for key, (value, revision) in changes if value is not None]
        gone = [(key,) for key, (value, _) in changes if value is None]
        self._sql.write(self._connection, "records_put", put)
        self._sql.write(self._connection, "records_delete", gone)

    def _reach_before(self, has_events: bool, has_checkpoint: bool) -> None:
        if has_events:
            reach("accept.before-commit")
        if has_checkpoint:
            reach("checkpoint.before-commit")

    def _reach_after(self, has_events: bool, has_checkpoint: bool) -> None:
        if has_events:
            reach("accept.after-commit")
        if has_checkpoint:
            reach("checkpoint.after-commit")


def _try_records(book: RecordBook, append: Append) -> HeadraceError | None:
    try:
        book.write(append.records)
    except StaleRevision as error:
        return error
    return None


def _absent(_key: str) -> int:
    """The revision of every key where none was asked for."""
    return 0
