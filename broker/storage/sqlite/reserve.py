"""Disk space kept back, so that what was accepted can still be settled on a full disk."""

import os
from pathlib import Path


class Reserve:
    """A preallocated file beside the database, given up when a commit finds no room.

    While it is missing nothing new is accepted; `restore` is tried until space returns.
    """

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path.with_suffix(".reserve")
        self._size_bytes = size_bytes
        self.is_missing = size_bytes > 0

    def restore(self) -> bool:
        """Allocate it if it is missing; false where there is no room for it."""
        if not self.is_missing:
            return True
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self._path, flags, 0o600)
        except OSError:  # no room for the name, or no right to it: missing as before
            return False
        try:
            os.ftruncate(descriptor, self._size_bytes)
            os.posix_fallocate(descriptor, 0, self._size_bytes)
        except OSError:
            self._path.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)
        self.is_missing = False
        return True

    def release(self) -> None:
        """Give its space to whoever writes next."""
        self._path.unlink(missing_ok=True)
        self.is_missing = self._size_bytes > 0
