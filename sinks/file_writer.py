"""The writer of one file: appends lines whole, syncs them, heals what a death left torn.

Blocking; `sinks.file` runs it in one thread of its own.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

_HEAL_BYTES = 65_536


class FileWriter:
    """`append` is durable when it returns; `rotate_bytes` None keeps one file for ever.

    Rotated files are `path.1`, `path.2` and so on, the highest the youngest: none is ever
    renamed twice or deleted.
    """

    def __init__(self, path: Path, rotate_bytes: int | None = None) -> None:
        self._path = path
        self.rotate_bytes = rotate_bytes
        self._file = -1
        self._size_bytes = 0

    def open(self) -> None:
        """Open for appending, without a torn last line. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        file = os.open(self._path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(f"{self._path} is not a regular file")
            self._size_bytes = _heal(file)
            os.fsync(file)
            _sync_folder(self._path.parent)
        except OSError:
            os.close(file)
            raise
        self._file = file

    def ready(self) -> None:
        """Open it unless it is open at its path. Raises OSError."""
        if self._file < 0 or self._was_moved():
            self.close()
            self.open()

    def append(self, lines: Sequence[bytes]) -> None:
        """Write all lines and sync once. Raises OSError; the file then ends as before."""
        block = b"".join(lines)
        self.ready()
        if self.rotate_bytes and self._size_bytes + len(block) > self.rotate_bytes:
            self._rotate()
        try:
            written = 0
            while written < len(block):
                written += os.write(self._file, memoryview(block)[written:])
            os.fsync(self._file)
        except OSError:
            self._undo()
            raise
        self._size_bytes += len(block)

    def close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _was_moved(self) -> bool:
        """Whether another tool renamed or deleted the file since (log rotation does)."""
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return True
        mine = os.fstat(self._file)
        return (now.st_ino, now.st_dev) != (mine.st_ino, mine.st_dev)

    def _rotate(self) -> None:
        if self._size_bytes == 0:
            return
        taken = [path.suffix[1:] for path in self._path.parent.glob(f"{self._path.name}.*")]
        number = 1 + max((int(suffix) for suffix in taken if suffix.isdigit()), default=0)
        self.close()
        self._path.rename(self._path.with_name(f"{self._path.name}.{number}"))
        self.open()

    def _undo(self) -> None:
        """Take half-written lines back; after a failed sync nothing is known, so reopen."""
        try:
            os.ftruncate(self._file, self._size_bytes)
        finally:
            self.close()


def _heal(file: int) -> int:
    """Cut what follows the last line break; gives the size. A death mid-write leaves such."""
    end = os.fstat(file).st_size
    size_bytes = end
    while size_bytes:
        start = max(0, size_bytes - _HEAL_BYTES)
        found = os.pread(file, size_bytes - start, start).rfind(b"\n")
        size_bytes = start + found + 1 if found >= 0 else start
        if found >= 0:
            break
    if size_bytes != end:
        os.ftruncate(file, size_bytes)
    return size_bytes


def _sync_folder(folder: Path) -> None:
    """A new name is durable only when its folder is."""
    file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
