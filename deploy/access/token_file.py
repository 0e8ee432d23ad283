"""`DATA/headrace.db`: tokens and the audit of the admin listener, in one small SQLite file.

Readable by its owner only, held by one process at a time, made when the first thing is
written. Every change is one transaction with its audit row, on disk when the call returns.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import apsw

from broker.clock import from_milliseconds, to_milliseconds
from broker.errors import Conflict, StoreFailed
from broker.storage.rows import Audit
from broker.storage.sqlite.connection import check_version, create_private
from broker.storage.sqlite.failures import classify, translate
from broker.storage.sqlite.ownership import Ownership
from deploy.access.roles import Role
from deploy.access.token import Token

FILE = "headrace.db"
APPLICATION_ID = 0x48524143  # "HRAC"
NUMBER_MAX = (1 << 63) - 1
SCHEMA = (
    """
    CREATE TABLE tokens (
        prefix TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, sha256 BLOB NOT NULL,
        role INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER,
        revoked_at INTEGER, last_used_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, "by" TEXT NOT NULL,
        verb TEXT NOT NULL, detail TEXT NOT NULL, count INTEGER NOT NULL, reason TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
        BEGIN SELECT raise(ABORT, 'audit rows are never removed'); END;
    CREATE TRIGGER audit_is_fixed BEFORE UPDATE ON audit
        BEGIN SELECT raise(ABORT, 'audit rows are never changed'); END;
    """,
)
TOKENS = """SELECT name, prefix, sha256, role, created_at, expires_at, revoked_at, last_used_at
    FROM tokens ORDER BY created_at, name"""
ADD = """INSERT INTO tokens (name, prefix, sha256, role, created_at, expires_at)
    VALUES (?, ?, ?, ?, ?, ?)"""
REVOKE = "UPDATE tokens SET revoked_at = ? WHERE prefix = ?"
USE = "UPDATE tokens SET last_used_at = ? WHERE prefix = ?"
NOTE = """INSERT INTO audit (at, "by", verb, detail, count, reason) VALUES (?, ?, ?, ?, ?, ?)"""
AUDIT = """SELECT number, at, "by", verb, detail, count, reason FROM audit
    WHERE number < ? ORDER BY number DESC LIMIT ?"""

Given = TypeVar("Given")
Rows = Sequence[Any]  # as the STRICT tables have them


class TokenFile:
    """`open` it, and `close` it. All calls block, for milliseconds."""

    def __init__(self, data: Path) -> None:
        self.path = data / FILE
        self._ownership = Ownership(self.path)
        self._connection: apsw.Connection | None = None

    def open(self) -> list[Token]:
        """Hold the file; gives what is in it. Raises StoreOwned, StoreFailed."""
        check_version()
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._ownership.take()
        except OSError as error:
            remedy = "name a data folder that this process may write to"
            what = f"{self.path}: {error}"
            raise StoreFailed(what, code="store-broken", remedy=remedy) from error
        try:
            return self._tokens() if self.path.exists() else []
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close(True)
            self._connection = None
        self._ownership.release()

    def add(self, token: Token, act: Audit) -> None:
        """Raises Conflict where the name is taken."""
        values = (token.name, token.prefix, token.sha256, token.role.value)
        times = (to_milliseconds(token.created_at), _milliseconds(token.expires_at))
        self._write(ADD, (*values, *times), act)

    def revoke(self, prefix: str, at: datetime, act: Audit) -> None:
        self._write(REVOKE, (to_milliseconds(at), prefix), act)

    def use(self, prefix: str, at: datetime, act: Audit) -> None:
        """Note that the token was used at about this time."""
        self._write(USE, (to_milliseconds(at), prefix), act)

    def note(self, act: Audit) -> None:
        self._write(NOTE, _row(act))

    def audit(self, limit: int, before: int | None = None) -> Sequence[tuple[int, Audit]]:
        """(number, act), newest first, numbers < `before` only."""
        if self._connection is None and not self.path.exists():
            return []
        values = (NUMBER_MAX if before is None else before, limit)
        rows: Rows = self._attempt(lambda opened: opened.execute(AUDIT, values).fetchall())
        return [(number, Audit(from_milliseconds(at), *act)) for number, at, *act in rows]

    def _tokens(self) -> list[Token]:
        rows: Rows = self._attempt(lambda opened: opened.execute(TOKENS).fetchall())
        return [_token(*row) for row in rows]

    def _write(self, text: str, values: tuple[object, ...], act: Audit | None = None) -> None:
        def write(opened: apsw.Connection) -> None:
            with opened:
                opened.execute(text, values)
                if act is not None:
                    opened.execute(NOTE, _row(act))

        self._attempt(write)

    def _attempt(self, work: Callable[[apsw.Connection], Given]) -> Given:
        try:
            if self._connection is None:
                self._connection = _open(self.path)
            return work(self._connection)
        except apsw.ConstraintError as error:
            raise Conflict(
                "there is or was a token of that name",
                code="name-taken",
                where="name",
                remedy="choose another; names are not used twice, so that the audit stays clear",
            ) from error
        except (apsw.Error, OSError) as error:
            system_errno = self._connection.system_errno if self._connection else 0
            failure = classify(error, int(system_errno))
            raise translate(failure, error, self.path, committing=False) from error


def _open(path: Path) -> apsw.Connection:
    create_private(path)
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(1000)
        # Rare and small writes: a rollback journal is one file less than a WAL, and TRUNCATE
        # syncs the end of it, so that FULL says what it says.
        connection.pragma("journal_mode", "TRUNCATE")
        connection.pragma("synchronous", "FULL")
        _migrate(connection, path)
    except BaseException:
        connection.close(True)
        raise
    return connection


def _migrate(connection: apsw.Connection, path: Path) -> None:
    """Bring the file to version len(SCHEMA), all or nothing."""
    version, kind = connection.pragma("user_version"), connection.pragma("application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if kind != APPLICATION_ID and (kind or version or tables):
        raise StoreFailed(f"{path} is not headrace's", code="not-headrace", remedy="move it away")
    if version > len(SCHEMA):
        raise StoreFailed(
            f"{path} has schema version {version}, this program knows up to {len(SCHEMA)}",
            code="schema-newer",
            remedy="run the newer program that wrote it",
        )
    if version < len(SCHEMA):
        with connection:
            for step in SCHEMA[version:]:
                connection.execute(step)
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", len(SCHEMA))


def _row(act: Audit) -> tuple[object, ...]:
    return (to_milliseconds(act.at), act.by, act.verb, act.detail, act.count, act.reason)


def _token(name: str, prefix: str, sha256: bytes, role: int, *times: int | None) -> Token:
    created_at, expires_at, revoked_at, last_used_at = map(_moment, times)
    assert created_at is not None, "NOT NULL"
    return Token(name, prefix, sha256, Role(role), created_at, expires_at, revoked_at, last_used_at)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_milliseconds(moment)


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)
