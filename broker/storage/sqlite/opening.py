"""Taking ownership of a partition: lock, check, recover, migrate, count up the epoch, load."""

from dataclasses import dataclass
from pathlib import Path

import apsw

from broker.clock import Clock, to_milliseconds
from broker.errors import HeadraceError, StoreFailed
from broker.failpoint import reach
from broker.storage.rows import Loaded
from broker.storage.sqlite.connection import (
    check_version,
    create_private,
    find_corruption,
    open_writer,
)
from broker.storage.sqlite.failures import REFUSED_VALUES, classify, corrupt, translate
from broker.storage.sqlite.load import Position, load
from broker.storage.sqlite.options import SqliteOptions
from broker.storage.sqlite.ownership import Ownership
from broker.storage.sqlite.reserve import Reserve
from broker.storage.sqlite.schema import migrate
from broker.storage.sqlite.sql import Statements, load_migrations


@dataclass(frozen=True, slots=True)
class Opened:
    """An owned partition; `unchecked` where it is too large to be checked before use."""

    connection: apsw.Connection
    ownership: Ownership
    loaded: Loaded
    position: Position
    unchecked: bool


def open_partition(path: Path, options: SqliteOptions, clock: Clock, sql: Statements) -> Opened:
    """Open as the one owner. Raises StoreOwned, StoreFailed; then nothing is held."""
    check_version()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        ownership = Ownership(path)
        ownership.take()
    except OSError as error:
        raise StoreFailed(f"{path}: {error}", code="store-broken") from error
    try:
        return _open_owned(path, options, clock, sql, ownership)
    except BaseException:
        ownership.release()
        raise


def _open_owned(
    path: Path, options: SqliteOptions, clock: Clock, sql: Statements, ownership: Ownership
) -> Opened:
    connection: apsw.Connection | None = None
    try:
        create_private(path)
        connection = open_writer(path, options)
        # An exclusive connection cannot be looked through beside the work.
        unchecked = path.stat().st_size > options.quick_check_bytes and not options.exclusive
        if not unchecked and (found := find_corruption(connection)):
            raise corrupt(path, found)
        _recover(connection, path, options)
        migrate(connection, path, load_migrations())
        _take_over(connection, options, clock, sql)
        loaded, position = load(connection, sql)
        return Opened(connection, ownership, loaded, position, unchecked)
    except (apsw.Error, OSError, *REFUSED_VALUES) as error:
        system_errno = connection.system_errno if connection else 0
        failed = translate(classify(error, int(system_errno)), error, path, committing=False)
        raise _close(connection, failed) from error
    except HeadraceError as error:
        raise _close(connection, error) from error.__cause__


def _recover(connection: apsw.Connection, path: Path, options: SqliteOptions) -> None:
    """Move and sync what an owner before left in the WAL, before anything is answered.

    After that owner's failed fsync, this is what tells what is really on disk. On a full
    disk the reserve makes the room.
    """
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.FullError:
        Reserve(path, options.reserve_bytes).release()
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def _close(connection: apsw.Connection | None, error: HeadraceError) -> HeadraceError:
    if connection is not None:
        connection.close(True)
    return error


def _take_over(
    connection: apsw.Connection, options: SqliteOptions, clock: Clock, sql: Statements
) -> None:
    """Count up the epoch, note if the owner before never closed, and bound what is parked."""
    with connection:
        connection.execute(sql["partition_create"], (options.draw_log_id(),))
        clean = connection.execute(sql["partition_get"]).get[2]
        if not clean:
            connection.execute(sql["unclean_ends_add"], (to_milliseconds(clock.now()),))
            connection.execute(sql["unclean_ends_trim"])
        connection.execute(sql["parked_clamp"], (to_milliseconds(clock.now()),))
        connection.execute(sql["partition_own"])
    reach("open.after-epoch")
