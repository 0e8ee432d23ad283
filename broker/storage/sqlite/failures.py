"""What an error of SQLite means to us: translated at this seam, nowhere else."""

import errno
from enum import Enum
from pathlib import Path

import apsw

from broker.errors import HeadraceError, StoreFailed, StoreFull

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What a value that SQLite, apsw or orjson cannot take raises, beside apsw.Error.
REFUSED_VALUES = (ValueError, TypeError, OverflowError)


class Failure(Enum):
    FULL = "full"  # rolled back, and known to be
    BUSY = "busy"  # another process holds the file for longer than we wait
    READ_ONLY = "read-only"
    CORRUPT = "corrupt"  # no more writes; what can be read may still be
    BROKEN = "broken"  # the device failed us: nothing may be believed, nothing retried
    REFUSED = "refused"  # these rows; others may pass


def classify(error: Exception, system_errno: int) -> Failure:
    """Judge an error by SQLite's code and the system's error number behind it.

    A write that found no room says so as SQLITE_FULL, or as an I/O error by its number
    (EFBIG at a size limit); the commit frame was not written then. An fsync without room
    is not among them: what it wrote is unknown.
    """
    if isinstance(error, apsw.FullError):
        return Failure.FULL
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return Failure.BUSY
    if isinstance(error, apsw.ReadOnlyError):
        return Failure.READ_ONLY
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return Failure.CORRUPT
    if isinstance(error, apsw.IOError):
        extended = getattr(error, "extendedresult", 0)
        if extended == apsw.SQLITE_IOERR_WRITE and system_errno in DISK_FULL:
            return Failure.FULL
        return Failure.BROKEN
    if isinstance(error, apsw.CantOpenError | apsw.InternalError | apsw.MisuseError):
        return Failure.BROKEN
    return Failure.REFUSED


def translate(failure: Failure, error: Exception, path: Path, committing: bool) -> HeadraceError:
    """The error of the house for it. `committing`: it came from COMMIT itself."""
    match failure:
        case Failure.FULL:
            return store_full(path, "the disk is full")
        case Failure.BUSY:
            return StoreFailed(f"{path} is held by another process: {error}", code="store-busy")
        case Failure.READ_ONLY:
            return StoreFailed(f"{path} cannot be written: {error}", code="store-read-only")
        case Failure.CORRUPT:
            return corrupt(path, str(error))
        case Failure.BROKEN:
            return StoreFailed(f"{path}: {error}", code="store-broken", unknown=committing)
        case Failure.REFUSED:
            return StoreFailed(f"{path} refused a row: {error}", code="rows-refused")


def store_full(path: Path, what: str) -> StoreFull:
    return StoreFull(
        what,
        where=str(path),
        remedy="free disk space; accepting resumes by itself",
        retry_after_seconds=5.0,
    )


def corrupt(path: Path, what: str) -> StoreFailed:
    return StoreFailed(
        f"{path} is corrupt and is not written any more ({' '.join(what.split())})",
        code="store-corrupt",
        remedy="keep the file, read what is left of it, and restore a backup",
    )


def fenced(path: Path, owner_epoch: int) -> StoreFailed:
    return StoreFailed(
        f"{path} has a newer owner than epoch {owner_epoch}: this process writes it no more",
        code="fenced",
    )
