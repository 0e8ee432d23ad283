"""Opening connections: the version, the pragmas, and what is checked before any use."""

import os
from pathlib import Path

import apsw

from broker.errors import StoreFailed
from broker.storage.sqlite.options import SqliteOptions

# 3.7.0 to 3.51.2 can corrupt a WAL that two connections write.
SQLITE_VERSION_MIN = (3, 51, 3)
PAGE_BYTES = 8192
BUSY_MILLISECONDS = 1000
STATEMENTS_CACHED = 256


def check_version() -> None:
    """Raises StoreFailed where apsw was built with a SQLite that corrupts WALs."""
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SQLITE_VERSION_MIN:
        wanted = ".".join(map(str, SQLITE_VERSION_MIN))
        raise StoreFailed(
            f"apsw brings SQLite {apsw.sqlite_lib_version()}; install one with at least {wanted}",
            code="sqlite-too-old",
        )


def create_private(path: Path) -> None:
    """Make a missing database file readable by its owner only; an existing one is not opened."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return


def open_writer(path: Path, options: SqliteOptions) -> apsw.Connection:
    """The one connection that writes; its WAL is moved only when the writer says so."""
    connection = apsw.Connection(str(path), vfs=options.vfs, statementcachesize=STATEMENTS_CACHED)
    try:
        _set_up(connection)
        if options.exclusive:
            connection.pragma("locking_mode", "EXCLUSIVE")
        connection.pragma("page_size", PAGE_BYTES)
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", options.synchronous)
        connection.pragma("foreign_keys", True)
        connection.pragma("cache_size", -8192)
        connection.pragma("temp_store", "MEMORY")
        connection.pragma("journal_size_limit", options.wal_due_bytes)
    except BaseException:
        connection.close(True)
        raise
    return connection


def open_reader(path: Path, options: SqliteOptions) -> apsw.Connection:
    """A connection that may only look."""
    connection = apsw.Connection(
        str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=options.vfs, statementcachesize=64
    )
    try:
        _set_up(connection)
        connection.pragma("query_only", True)
    except BaseException:
        connection.close(True)
        raise
    return connection


def _set_up(connection: apsw.Connection) -> None:
    """What holds for all: waiting before anything else, and leaving the WAL alone."""
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    # Closing must not move the WAL: an abandoned connection may no longer be believed.
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.pragma("mmap_size", 0)
    connection.pragma("wal_autocheckpoint", 0)


def find_corruption(connection: apsw.Connection) -> str | None:
    """What `quick_check` finds wrong, None if nothing."""
    try:
        found = connection.execute("PRAGMA quick_check(1)").get
    except (apsw.CorruptError, apsw.NotADBError) as error:
        return str(error)
    return None if found == "ok" else str(found)
