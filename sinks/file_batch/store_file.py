"""A file of a store as Python's own: for formats that are read here and there."""

import io
from typing import Any

from sinks.file_batch.store import BLOCK_BYTES, Head, Store


class StoreFile(io.RawIOBase):
    """Reads only; every read is of the file that `head` was of, or fails."""

    def __init__(self, store: Store, path: str, head: Head) -> None:
        self._store = store
        self._path = path
        self._head = head
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._head.size_bytes}
        self._at = max(0, origin[whence] + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._head.size_bytes)
        begun = self._at
        for block in self._store.read(self._path, begun, max(begun, end), self._head.identity):
            at = self._at - begun
            buffer[at : at + len(block)] = block
            self._at += len(block)
        return self._at - begun


def buffered(store: Store, path: str, head: Head) -> io.BufferedReader:
    return io.BufferedReader(StoreFile(store, path, head), BLOCK_BYTES)
