"""The contract of a store of files, and its kinds. Blocking: called in a thread of the job."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from broker.errors import Conflict, Invalid
from broker.registry import load
from sinks.file_batch.place import Place
from sinks.file_batch.spec import S3Access

BLOCK_BYTES = 1024 * 1024  # what `read` gives at once, at most
LISTED_MAX = 100_000

STORES = {
    "folder": "sinks.file_batch.folder_store:FolderStore",
    "s3": "sinks.file_batch.s3_store:S3Store",
    "http": "sinks.file_batch.http_store:HttpStore",
}
Judge = Callable[[str, str, int], str | None]
"""(host, address, port) to why that may not be dialled, None where it may."""


class Head(NamedTuple):
    """`identity` is another one whenever the content is: an ETag, or size, time and inode."""

    size_bytes: int
    identity: str


class Listed(NamedTuple):
    path: str
    size_bytes: int
    identity: str


class Stored(NamedTuple):
    """What was written, hashed on its way."""

    size_bytes: int
    sha256: str


class Store(Protocol):
    """The files of one container by their path.

    All raise Unavailable where trying again may help, Denied or Invalid where it cannot.
    """

    def head(self, path: str) -> Head | None:
        """None where there is no such file."""
        ...

    def read(
        self, path: str, start: int = 0, end: int | None = None, identity: str | None = None
    ) -> Iterator[bytes]:
        """The bytes from `start` to before `end`, in blocks of at most BLOCK_BYTES.

        Raises Invalid(code="no-file"), and Conflict(code="input-changed") where the file is not,
        or is no longer while it is read, the one called `identity`.
        """
        ...

    def put_atomic(self, path: str, blocks: Iterable[bytes]) -> Stored:
        """Write a whole file, durable when it returns; nobody ever sees a part of it.

        An error from `blocks` leaves things as they were.
        """
        ...

    def delete(self, path: str) -> None:
        """Nothing happens where there is none."""
        ...

    def list(self, prefix: str) -> Iterator[Listed]:
        """The files whose path begins with `prefix`, ascending.

        Raises Invalid(code="too-many-files") beyond LISTED_MAX.
        """
        ...

    def older(self, prefix: str, before: datetime) -> Iterator[str]:
        """The paths that begin with `prefix` of files last written before, in no order."""
        ...


class Access(NamedTuple):
    """What stores are opened with. `judge` refuses addresses of http places."""

    root: str = ""
    s3: S3Access | None = None
    judge: Judge = lambda _host, _address, _port: None


def open_store(place: Place, access: Access) -> Store:
    """The store that `place` is in; no I/O. Raises Invalid where the access does not reach it."""
    store: Store = load(STORES, place.kind, extra="files")(place.container, access)
    return store


def no_file(path: str) -> Invalid:
    return Invalid("there is no such file", code="no-file", where=path, remedy="send it again")


def changed(path: str) -> Conflict:
    return Conflict(
        "the file is another one by now",
        code="input-changed",
        where=path,
        remedy="nothing need be done: the new one becomes a job of its own",
    )


def too_many(prefix: str) -> Invalid:
    return Invalid(
        f"there are more than {LISTED_MAX} files",
        code="too-many-files",
        where=prefix,
        remedy="take a longer prefix",
    )
