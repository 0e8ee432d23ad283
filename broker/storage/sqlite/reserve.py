"""Disk space kept back, so that what was accepted can still be settled on a full disk."""

import os
from pathlib import Path

BLOCK_BYTES = 512  # the unit of st_blocks
MARGIN_BYTES_MIN = 2 << 20


class Reserve:
    """A preallocated file beside the database, given up when a commit finds no room.

    While it is missing nothing new is accepted; `restore` is tried until space returns.
    """

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path.with_suffix(".reserve")
        self._size_bytes = size_bytes
        self.is_missing = size_bytes > 0

    @property
    def held_bytes(self) -> int:
        return 0 if self.is_missing else self._size_bytes

    def restore(self) -> bool:
        """Allocate it if it is missing; false where there is no room for it and some more.

        Without the margin its own release would look like space returning, and a full disk
        would be tried again every time.
        """
        if not self.is_missing:
            return True
        try:
            self.is_missing = not (self._is_whole() or self._allocate())
        except OSError:  # no room after all, or no right to it: missing as before
            self._path.unlink(missing_ok=True)
        return not self.is_missing

    def _is_whole(self) -> bool:
        """Left by an owner before; blocks count, since a size alone may be a hole."""
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return False
        return min(found.st_size, found.st_blocks * BLOCK_BYTES) >= self._size_bytes

    def _allocate(self) -> bool:
        free = os.statvfs(self._path.parent)
        margin_bytes = max(self._size_bytes // 4, min(self._size_bytes, MARGIN_BYTES_MIN))
        if free.f_bavail * free.f_frsize < self._size_bytes + margin_bytes:
            return False
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size_bytes)
        finally:
            os.close(descriptor)
        return True

    def release(self) -> None:
        """Give its space to whoever writes next."""
        self._path.unlink(missing_ok=True)
        self.is_missing = self._size_bytes > 0
