"""What a file is: its format and compression, by suffix, then by how it begins. Pure."""

from typing import NamedTuple

from broker.errors import Invalid
from sinks.file_batch.spec import Compression, Format, ReadSpec

SNIFFED_BYTES = 65_536

_FORMATS: dict[str, Format] = {
    "csv": "csv", "tsv": "csv", "tab": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json",
    "parquet": "parquet", "pq": "parquet", "arrow": "arrow", "feather": "arrow", "ipc": "arrow",
    "txt": "text", "text": "text", "log": "text", "zip": "zip", "manifest": "manifest",
    "png": "images", "jpg": "images", "jpeg": "images", "gif": "images", "webp": "images",
    "bmp": "images", "tif": "images", "tiff": "images",
}  # fmt: skip
_COMPRESSIONS: dict[str, Compression] = {
    "gz": "gzip",
    "gzip": "gzip",
    "zst": "zstd",
    "zstd": "zstd",
}
_COMPRESSION_SIGNS: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_SIGNS: tuple[tuple[bytes, Format], ...] = (
    (b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"),
    (b"\x89PNG", "images"), (b"\xff\xd8\xff", "images"), (b"GIF8", "images"), (b"RIFF", "images"),
)  # fmt: skip


class Kind(NamedTuple):
    format: Format
    compression: Compression


def compression_of(path: str, beginning: bytes, read: ReadSpec) -> Compression:
    """`beginning` is that of the stored bytes."""
    if read.compression is not None:
        return read.compression
    suffixed = _COMPRESSIONS.get(_suffix(path))
    signed = next((kind for sign, kind in _COMPRESSION_SIGNS if beginning.startswith(sign)), None)
    return suffixed or signed or "none"


def format_of(path: str, beginning: bytes, read: ReadSpec) -> Format:
    """`beginning` is that of the plain bytes. A path that ends in a slash is a prefix of images."""
    if read.format is not None:
        return read.format
    if path.endswith("/"):
        return "images"
    suffix = _suffix(path)
    if suffix in _COMPRESSIONS:
        suffix = _suffix(path.rpartition(".")[0])
    return _FORMATS.get(suffix) or _by_content(beginning)


def is_tabbed(path: str) -> bool:
    """Whether its name says that tabs divide its fields."""
    parts = path.lower().rpartition("/")[2].split(".")
    return bool({"tsv", "tab"} & set(parts[-2:]))


def is_image(path: str) -> bool:
    """Whether its name says so."""
    return _FORMATS.get(_suffix(path)) == "images"


def check(kind: Kind, path: str) -> None:
    """Raises Invalid where a format that is read here and there lies in a compressed stream."""
    if kind.compression != "none" and kind.format in ("parquet", "arrow", "zip", "images"):
        raise Invalid(
            f"a {kind.format} file is not read inside {kind.compression}",
            code="compressed-twice",
            where=path,
            remedy="send it uncompressed: these formats compress by themselves",
        )


def _by_content(beginning: bytes) -> Format:
    for sign, found in _SIGNS:
        if beginning.startswith(sign):
            return found
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return "json"
    first, _, rest = text.partition(b"\n")
    if first.startswith(b"{"):
        is_line = first.rstrip().endswith(b"}") and rest.strip().startswith(b"{")
        return "jsonl" if is_line else "json"
    return "csv" if b"," in first else "text"


def _suffix(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower()
