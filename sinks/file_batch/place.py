"""Where a file is: `s3://bucket/key`, a path below a root folder, or `http(s)://…`. Pure.

A path is never made absolute, decoded or shortened: what `..`, `%2e` or a doubled slash would mean
is nowhere asked.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from broker.errors import Invalid

PATH_BYTES_MAX = 1024  # of an S3 key; below what file systems take


@dataclass(frozen=True, slots=True)
class Place:
    """`container` is the bucket, the origin (`https://host:port`), or "" for the root folder."""

    kind: Literal["s3", "folder", "http"]
    container: str
    path: str

    def beside(self, path: str) -> "Place":
        """Another path in the same container."""
        return Place(self.kind, self.container, checked_path(path))

    def __str__(self) -> str:
        if self.kind == "s3":
            return f"s3://{self.container}/{self.path}"
        return self.container + self.path if self.kind == "http" else self.path


def parse_place(text: str) -> Place:
    """The place that `text` names. Raises Invalid(code="invalid-place")."""
    if text.startswith("s3://"):
        bucket, _, key = text[5:].partition("/")
        if not bucket:
            raise _refusal(text, "names no bucket")
        return Place("s3", bucket, checked_path(key))
    if text.startswith(("http://", "https://")):
        return _http_place(text)
    if "://" in text:
        raise _refusal(text, "has an unknown scheme")
    return Place("folder", "", checked_path(text))


def checked_path(path: str) -> str:
    """`path` again, where it stays below its container. Raises Invalid(code="invalid-place")."""
    parts = path.removesuffix("/").split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise _refusal(path, "has an empty part, a dot part or a NUL")
    if len(path.encode("utf-8", "surrogatepass")) > PATH_BYTES_MAX:
        raise _refusal(path, f"is longer than {PATH_BYTES_MAX} bytes")
    return path


def _http_place(text: str) -> Place:
    try:
        parts = urlsplit(text)
        is_usable = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError as error:
        raise _refusal(text, "is no address") from error
    if not is_usable or not text.isascii() or any(ord(each) <= 32 for each in text):
        raise _refusal(text, "is no plain address without account and white space")
    path = parts.path or "/"
    return Place(
        "http", f"{parts.scheme}://{parts.netloc}", path + (f"?{parts.query}" * bool(parts.query))
    )


def _refusal(text: str, what: str) -> Invalid:
    return Invalid(
        f"{text[:200]!r} {what}",
        code="invalid-place",
        remedy="write s3://bucket/key, a path below the folder such as in/iris.csv, or an http URL",
    )
