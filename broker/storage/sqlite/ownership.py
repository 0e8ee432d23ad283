"""One process per partition: an OS lock on a file of its own beside the database.

The database itself is never opened but by SQLite: closing any descriptor of it would drop
the locks that SQLite holds through others.
"""

import fcntl
import os
from pathlib import Path

from broker.errors import StoreOwned


class Ownership:
    """Held from `take` to `release`; the file stays, since removing it would race."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_suffix(".lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises StoreOwned naming the process that has it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise StoreOwned(
                f"process {owner or '(unknown)'} owns this partition",
                where=str(self._path),
                remedy="stop that process, or name another data folder",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
