"""From a place to a reader: which format it is, and what reads that."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

from broker.errors import Invalid
from sinks.file_batch.csv_reader import CsvReader, dialect_of
from sinks.file_batch.formats import (
    SNIFFED_BYTES,
    Kind,
    check,
    compression_of,
    format_of,
    is_image,
    is_tabbed,
)
from sinks.file_batch.json_reader import JsonReader
from sinks.file_batch.line_reader import LineReader
from sinks.file_batch.member_reader import MemberReader, listed_members, one_member, zip_members
from sinks.file_batch.plain import Plain
from sinks.file_batch.record import Reader
from sinks.file_batch.spec import Format, ImageSpec, ReadSpec
from sinks.file_batch.store import Head, Store


def head_of(store: Store, path: str) -> Head | None:
    """What is at `path`; of a prefix (it ends in a slash) all below it together."""
    if not path.endswith("/"):
        return store.head(path)
    hashed, size_bytes = sha256(), 0
    for each in store.list(path):
        hashed.update(f"{each.path}\0{each.identity}\0".encode("utf-8", "surrogatepass"))
        size_bytes += each.size_bytes
    return Head(size_bytes, hashed.hexdigest()) if size_bytes else None


def kind_of(store: Store, path: str, head: Head, read: ReadSpec) -> Kind:
    """The format and compression of the file at `path`; reads its beginning."""
    if path.endswith("/"):
        return Kind(format_of(path, b"", read), "none")
    beginning = b"".join(store.read(path, 0, min(SNIFFED_BYTES, head.size_bytes), head.identity))
    compression = compression_of(path, beginning, read)
    if compression != "none":
        plain = Plain(store, path, head.identity, compression)
        beginning = next(plain.blocks(), b"")[:SNIFFED_BYTES]
    kind = Kind(format_of(path, beginning, read), compression)
    check(kind, path)
    return kind


def open_reader(store: Store, path: str, head: Head, read: ReadSpec) -> Reader:
    """A reader of the file that `head` was of. Blocking.

    Raises Invalid where it cannot be read as what it is, Invalid(code="no-reader") for a manifest
    (`read_manifest`), Invalid(code="missing-extra") where a format needs a package.
    """
    kind = kind_of(store, path, head, read)
    plain = Plain(store, path, head.identity, kind.compression)
    if kind.format == "csv":
        dialect = dialect_of(read.csv, is_tabbed(path))
        plain = plain.with_encoding(read.csv.encoding)
        return CsvReader(plain, dialect, read.csv, read.record_bytes_max)
    if kind.format in ("jsonl", "text"):
        plain = plain.with_encoding(read.csv.encoding if kind.format == "text" else None)
        return LineReader(plain, read.record_bytes_max, is_json=kind.format == "jsonl")
    if kind.format == "json":
        return JsonReader(plain.with_encoding(None), read.record_bytes_max)
    if kind.format in ("parquet", "arrow"):
        return _table_reader(store, path, head, kind.format)
    if kind.format in ("images", "zip"):
        return _member_reader(store, path, head, kind.format, read)
    raise Invalid(
        "a manifest has no records of its own",
        code="no-reader",
        where=path,
        remedy="read the files that it names",
    )


def _table_reader(store: Store, path: str, head: Head, kind: Format) -> Reader:
    try:
        from sinks.file_batch.table_reader import TableReader
    except ModuleNotFoundError as error:
        raise _missing(kind, error, path) from error
    return TableReader(store, path, head, is_parquet=kind == "parquet")


def _member_reader(store: Store, path: str, head: Head, kind: Format, read: ReadSpec) -> Reader:
    if path.endswith("/"):
        members = listed_members(store, path)
    elif kind == "zip" or path.lower().endswith(".zip"):
        members = zip_members(store, path, head)
    else:
        members = one_member(store, path, head)
    if kind == "images" and len(members) > 1:
        members = [each for each in members if is_image(each.name)]
    is_base64 = read.images.decode == "base64"
    tensor = _tensor_reader(read.images, path) if read.images.decode == "tensor" else None
    return MemberReader(members, kind, read.record_bytes_max, is_base64=is_base64, tensor=tensor)


def _tensor_reader(images: ImageSpec, path: str) -> Callable[[bytes], bytes]:
    try:
        from sinks.file_batch.picture import tensor_of
    except ModuleNotFoundError as error:
        raise _missing("images as tensors", error, path) from error
    return partial(tensor_of, spec=images)


def _missing(what: str, error: ModuleNotFoundError, path: str) -> Invalid:
    return Invalid(
        f"reading {what} needs the package {error.name}, which is not installed",
        code="missing-extra",
        where=path,
        remedy="install headrace[files]",
    )
