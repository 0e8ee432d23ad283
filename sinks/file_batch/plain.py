"""The plain bytes of a file: decompressed, and in UTF-8.

A position in a plain stream can be sought only where the stored bytes are the plain ones. In
anything else (gzip, zstd, another encoding) it is found by reading again from the beginning.
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

from broker.errors import Invalid
from sinks.file_batch.record import broken_file
from sinks.file_batch.spec import Compression
from sinks.file_batch.store import BLOCK_BYTES, Store

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Plain(NamedTuple):
    """One file as a plain stream, which begins at `begins_at`, behind a byte order mark."""

    store: Store
    path: str
    identity: str
    compression: Compression
    encoding: str = "utf-8"
    begins_at: int = 0

    def blocks(self, position: int = 0) -> Iterator[bytes]:
        """The plain bytes from `position` on, not before `begins_at`."""
        position = max(position, self.begins_at)
        if self.encoding == "utf-8":
            return self._unpacked(position)
        return _from(_transcoded(self._unpacked(0), self.encoding, self.path), position)

    def with_encoding(self, encoding: str | None) -> "Plain":
        """The same with `encoding`; None: by the byte order mark, UTF-8 without."""
        beginning = next(self._unpacked(0, len(codecs.BOM_UTF8)), b"")
        marked = next((name for mark, name in _MARKS if beginning.startswith(mark)), "utf-8")
        name = codec_name(encoding or marked)
        has_mark = name == "utf-8" and beginning.startswith(codecs.BOM_UTF8)
        return self._replace(encoding=name, begins_at=len(codecs.BOM_UTF8) * has_mark)

    def _unpacked(self, position: int, end: int | None = None) -> Iterator[bytes]:
        if self.compression == "none":
            return self.store.read(self.path, position, end, self.identity)
        stored = self.store.read(self.path, 0, None, self.identity)
        return _from(_decompressed(stored, self.compression, self.path), position)


def codec_name(encoding: str) -> str:
    """The codec's own name. Raises Invalid(code="unknown-encoding")."""
    try:
        found = codecs.lookup(encoding)
        "".encode(encoding)  # some codecs are not of text
    except LookupError as error:
        raise Invalid(
            f"{encoding!r} is no encoding of text",
            code="unknown-encoding",
            where="read.csv.encoding",
            remedy="write one such as utf-8, utf-16, latin-1 or windows-1252",
        ) from error
    return found.name


class BlockFile(io.RawIOBase):
    """Blocks as a file that is read once, from the beginning to the end."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _decompressed(stored: Iterable[bytes], compression: Compression, path: str) -> Iterator[bytes]:
    """Also of files that are several compressed ones in a row; their checksums are checked."""
    raw = io.BufferedReader(BlockFile(stored), BLOCK_BYTES)
    if compression == "gzip":
        unpacking: Any = gzip.GzipFile(fileobj=raw)
    else:
        unpacking = import_module("pyarrow").CompressedInputStream(raw, compression)
    while True:
        try:
            block = bytes(unpacking.read(BLOCK_BYTES))
        except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
            raise broken_file(f"cannot be decompressed as {compression}", path) from error
        if not block:
            return
        yield block


def _transcoded(blocks: Iterable[bytes], encoding: str, path: str) -> Iterator[bytes]:
    """In UTF-8. Bytes that the encoding does not have become what is no UTF-8 either.

    So they are errors of their record, not of the file.
    """
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise broken_file(
            f"is not {encoding} from byte {error.start} of a block on", path
        ) from error


def _from(blocks: Iterable[bytes], position: int) -> Iterator[bytes]:
    """The bytes from `position` on."""
    rest = position
    for block in blocks:
        if rest >= len(block):
            rest -= len(block)
        else:
            yield block[rest:]
            rest = 0
