"""A store in memory, whose blocks are as small as a test wants them, and reading through it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256

from sinks.file_batch.opening import open_reader
from sinks.file_batch.record import BEGINNING, Chunk, Mark, Reader
from sinks.file_batch.spec import ReadSpec
from sinks.file_batch.store import Head, Listed, Stored, changed, no_file


class MemoryStore:
    """Implements `sinks.file_batch.store.Store`."""

    def __init__(self, files: dict[str, bytes] | None = None, block_bytes: int = 1 << 20) -> None:
        self.files = dict(files or {})
        self.block_bytes = block_bytes

    def head(self, path: str) -> Head | None:
        found = self.files.get(path)
        return None if found is None else Head(len(found), sha256(found).hexdigest())

    def read(
        self, path: str, start: int = 0, end: int | None = None, identity: str | None = None
    ) -> Iterator[bytes]:
        head = self.head(path)
        if head is None:
            raise no_file(path)
        if identity not in (None, head.identity):
            raise changed(path)
        wanted = self.files[path][start:end]
        for at in range(0, len(wanted), self.block_bytes):
            yield wanted[at : at + self.block_bytes]

    def put_atomic(self, path: str, blocks: Iterable[bytes]) -> Stored:
        whole = b"".join(blocks)
        self.files[path] = whole
        return Stored(len(whole), sha256(whole).hexdigest())

    def delete(self, path: str) -> None:
        self.files.pop(path, None)

    def list(self, prefix: str) -> Iterator[Listed]:
        for path in sorted(self.files):
            head = self.head(path)
            if path.startswith(prefix) and head is not None:
                yield Listed(path, *head)

    def older(self, prefix: str, before: datetime) -> Iterator[str]:
        """What is only in memory has no time, and is as old as it can be."""
        return (path for path in list(self.files) if path.startswith(prefix))


def reader_of(
    data: bytes, path: str = "in.csv", read: ReadSpec | None = None, block_bytes: int = 1 << 20
) -> Reader:
    store = MemoryStore({path: data}, block_bytes)
    head = store.head(path)
    assert head is not None
    return open_reader(store, path, head, read or ReadSpec())


def chunks_of(
    data: bytes,
    path: str = "in.csv",
    read: ReadSpec | None = None,
    block_bytes: int = 1 << 20,
    start: Mark = BEGINNING,
) -> list[Chunk]:
    return list(reader_of(data, path, read, block_bytes).chunks(start))


def values_of(data: bytes, path: str = "in.csv", read: ReadSpec | None = None) -> list[object]:
    return [value for chunk in chunks_of(data, path, read) for value in chunk.values]


def told(chunk: Chunk) -> tuple[object, ...]:
    """All of a chunk that two readings of it must have in common."""
    return (
        chunk.start, chunk.end, list(chunk.rows), list(chunk.offsets), list(chunk.raws),
        list(chunk.bad), list(chunk.values), list(chunk.names),
    )  # fmt: skip
