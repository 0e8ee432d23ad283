"""A disk whose power fails: what was written but not synced is lost, or only partly there.

An apsw VFS over real files. Writes stay in memory until xSync; at the chosen operation the
power goes, and of what was not synced only a random choice reaches the real files, which
then hold what a machine would find after the cut. It has no shared memory, so a WAL
through it needs `locking_mode=EXCLUSIVE`.
"""

from dataclasses import dataclass, field
from random import Random

import apsw


@dataclass(slots=True)
class Disk:
    """Counts what is asked of it; the `cut_at`-th operation meets no power."""

    survivors: Random
    cut_at: int | None = None
    operations: int = 0
    is_off: bool = False
    fails_syncs: bool = False
    unheard: int = 0  # refusals that SQLite had no caller to tell, e.g. while closing
    files: list["CachedFile"] = field(default_factory=list)

    def step(self) -> None:
        """Raise if there is no power, or from now on none."""
        self.operations += 1
        if self.is_off:
            raise apsw.IOError("no power")
        if self.operations == self.cut_at:
            self.is_off = True
            for file in self.files:
                file.lose(self.survivors)
            raise apsw.IOError("the power went")


class CachedFile(apsw.VFSFile):
    """One file: an image of all of it, and the writes that were not synced yet."""

    def __init__(self, disk: Disk, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        size = super().xFileSize()
        self._image = bytearray(super().xRead(size, 0)) if size else bytearray()
        self._pending: list[tuple[int, bytes | None]] = []  # None truncates there
        disk.files.append(self)

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._image[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.step()
        end = offset + len(data)
        if end > len(self._image):
            self._image.extend(bytes(end - len(self._image)))
        self._image[offset:end] = data
        self._pending.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        self._disk.step()
        del self._image[newsize:]
        self._pending.append((newsize, None))

    def xSync(self, flags: int) -> None:
        self._disk.step()
        if self._disk.fails_syncs:
            raise apsw.IOError("the device failed")
        for change in self._pending:
            self._apply(change)
        self._pending.clear()

    def excepthook(self, *_: object) -> bool:
        self._disk.unheard += 1
        return True

    def xFileSize(self) -> int:
        return len(self._image)

    def _apply(self, change: tuple[int, bytes | None]) -> None:
        offset, data = change
        if data is None:
            super().xTruncate(offset)
        else:
            super().xWrite(data, offset)

    def lose(self, survivors: Random) -> None:
        """Of what was not synced, a device has written what it liked."""
        for change in self._pending:
            if survivors.random() < 0.3:
                self._apply(change)
        self._pending.clear()


class PowerCutVfs(apsw.VFS):
    """Registered under `name` until `unregister`."""

    def __init__(self, name: str, disk: Disk) -> None:
        super().__init__(name, "")
        self._disk = disk

    def excepthook(self, *_: object) -> bool:
        self._disk.unheard += 1
        return True

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> CachedFile:
        if self._disk.is_off:
            raise apsw.CantOpenError("no power")
        return CachedFile(self._disk, name, flags)
