"""Forgetting: slices of the log and of the desk, each one fenced transaction of its own."""

from datetime import datetime

import apsw
import orjson

from broker.clock import to_milliseconds
from broker.failpoint import reach
from broker.storage.sqlite.sql import Statements
from broker.storage.sqlite.transaction import Transaction

AUDIT_BY = "retention"


class Upkeep:
    """Jobs of the writer's thread."""

    def __init__(self, transaction: Transaction, sql: Statements, owner_epoch: int) -> None:
        self._transaction = transaction
        self._sql = sql
        self._owner_epoch = owner_epoch

    def probe(self, connection: apsw.Connection) -> None:
        """Commit nothing but the fence, which still has to reach the disk."""
        connection.execute("BEGIN IMMEDIATE")
        self._finish()

    def prune(self, connection: apsw.Connection, up_to: int, limit: int) -> int:
        connection.execute("BEGIN IMMEDIATE")
        pruned_to = connection.execute(self._sql["partition_get"]).get[4]
        last = connection.execute(self._sql["commit_last"]).get
        end = min(up_to, pruned_to + limit, last[0] if last else 0)
        if end <= pruned_to:
            connection.execute("ROLLBACK")
            return 0
        gone_bytes = connection.execute(self._sql["events_slice_bytes"], (end,)).get
        for name in (
            "events_prune", "commits_prune", "id_spans_prune", "retried_prune", "marks_prune",
        ):  # fmt: skip
            connection.execute(self._sql[name], (end,))
        values = (end, gone_bytes, self._owner_epoch)
        connection.execute(self._sql["partition_prune"], values)
        reach("prune.before-commit")
        self._finish()
        return int(end - pruned_to)

    def expire(
        self, connection: apsw.Connection, before: datetime, limit: int, now: datetime
    ) -> int:
        connection.execute("BEGIN IMMEDIATE")
        values = (to_milliseconds(before), limit)
        connection.execute(self._sql["dead_letters_expire"], values)
        count = connection.changes()
        self._audit(connection, now, "expire", f"dead before {before.isoformat()}", count)
        self._finish()
        return count

    def purge(self, connection: apsw.Connection, now: datetime, bytes_kept: int, limit: int) -> int:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(self._sql["dead_letters_overdue"], (to_milliseconds(now), limit))
        count = connection.changes()
        excess_bytes = connection.execute(self._sql["desk_bytes"]).get - bytes_kept
        if excess_bytes > 0 and count < limit:
            found = connection.execute(self._sql["dead_letters_discarded"], (limit - count,)).get
            ids = _first_bytes(orjson.loads(found), excess_bytes)
            connection.execute(self._sql["dead_letters_forget"], (orjson.dumps(ids).decode(),))
            count += connection.changes()
        self._audit(connection, now, "purge", "discarded dead letters", count)
        self._finish()
        return count

    def _audit(
        self, connection: apsw.Connection, now: datetime, verb: str, detail: str, count: int
    ) -> None:
        """Nothing leaves the desk without a trace."""
        if count:
            row = (to_milliseconds(now), AUDIT_BY, verb, detail, count, "")
            self._sql.write(connection, "audit_add", [row])

    def _finish(self) -> None:
        self._transaction.fence(self._owner_epoch)
        self._transaction.commit()


def _first_bytes(letters: list[tuple[str, int]], wanted_bytes: int) -> list[str]:
    """The first ids that together count at least `wanted_bytes`."""
    ids = []
    for letter_id, size_bytes in letters:
        if wanted_bytes <= 0:
            break
        ids.append(letter_id)
        wanted_bytes -= size_bytes
    return ids
