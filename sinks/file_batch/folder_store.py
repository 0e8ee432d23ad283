"""Files below one root folder. Every step of a path is opened without following links.

So a link that somebody puts below the root leads nowhere, whatever it points to and whenever it
is put there: paths are walked from folder to folder, never handed to the system whole.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path

from broker.errors import Denied, Invalid, Unavailable
from sinks.file_batch.names import temporary_name
from sinks.file_batch.place import checked_path
from sinks.file_batch.store import (
    BLOCK_BYTES,
    LISTED_MAX,
    Access,
    Head,
    Listed,
    Stored,
    changed,
    no_file,
    too_many,
)

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not block us
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderStore:
    """Implements `sinks.file_batch.store.Store`; the root itself may be a link."""

    def __init__(self, _container: str, access: Access) -> None:
        if not access.root:
            raise Invalid(
                "no root folder is configured",
                code="no-root",
                remedy="name in spec.root the folder that the files are below",
            )
        self._root = access.root

    def head(self, path: str) -> Head | None:
        try:
            with _told(path), self._folder(path) as (folder, name):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except Invalid as error:
            if error.code == "no-file":
                return None
            raise
        return _head(found) if stat.S_ISREG(found.st_mode) else None

    def read(
        self, path: str, start: int = 0, end: int | None = None, identity: str | None = None
    ) -> Iterator[bytes]:
        with _told(path), self._folder(path) as (folder, name):
            file = os.open(name, _READ, dir_fd=folder)
        try:
            yield from _blocks(file, path, start, end, identity)
        finally:
            os.close(file)

    def put_atomic(self, path: str, blocks: Iterable[bytes]) -> Stored:
        with _told(path), self._folder(path, makes=True) as (folder, name):
            temporary = temporary_name(name)
            with suppress(FileNotFoundError):  # what a death left behind
                os.unlink(temporary, dir_fd=folder)
            file = os.open(temporary, _WRITE, 0o666, dir_fd=folder)
            try:
                stored = _write(file, blocks)
                os.fsync(file)
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
                raise
            finally:
                os.close(file)
        return stored

    def delete(self, path: str) -> None:
        """A path that ends in a slash is a folder, removed where it is empty."""
        with _told(path), suppress(FileNotFoundError), self._folder(path) as (folder, name):
            if not path.endswith("/"):
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)
                return
            try:
                os.rmdir(name, dir_fd=folder)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise

    def list(self, prefix: str) -> Iterator[Listed]:
        above = prefix.rpartition("/")[0]
        try:
            with _told(prefix), self._folder(f"{above}/-" if above else "-") as (folder, _):
                below = islice(self._found(folder, above, prefix), LISTED_MAX + 1)
                found = [Listed(path, *_head(each)) for path, each in below]
        except Invalid as error:
            if error.code != "no-file":
                raise
            return
        if len(found) > LISTED_MAX:
            raise too_many(prefix)
        yield from sorted(found)

    def older(self, prefix: str, before: datetime) -> Iterator[str]:
        above = prefix.rpartition("/")[0]
        with _told(prefix), self._folder(f"{above}/-" if above else "-") as (folder, _):
            for path, found in self._found(folder, above, prefix):
                if found.st_mtime < before.timestamp():
                    yield path

    def _found(self, folder: int, above: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
        for walked, _, names, inside in os.fwalk(".", dir_fd=folder):
            parts = [part for part in (above, walked[2:]) if part]
            for name in names:
                path = "/".join([*parts, name])
                if path.startswith(prefix):
                    found = _looked_at(name, inside)
                    if found is not None and stat.S_ISREG(found.st_mode):
                        yield path, found

    @contextmanager
    def _folder(self, path: str, makes: bool = False) -> Iterator[tuple[int, str]]:
        """The open folder that `path` is in, and the name it has there."""
        *folders, name = checked_path(path).removesuffix("/").split("/")
        opened = os.open(Path(self._root), _FOLDER)
        try:
            for part in folders:
                if makes:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=opened)
                        os.fsync(opened)
                inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=opened)
                os.close(opened)
                opened = inner
            yield opened, name
        finally:
            os.close(opened)


def _blocks(
    file: int, path: str, start: int, end: int | None, identity: str | None
) -> Iterator[bytes]:
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        raise no_file(path)
    identity = identity or _head(found).identity
    at, end = start, found.st_size if end is None else min(end, found.st_size)
    while True:
        with _told(path):
            block = os.pread(file, min(BLOCK_BYTES, end - at), at) if at < end else b""
            # Asked after reading, so that no block of a changed file is ever given.
            if _head(os.fstat(file)).identity != identity:
                raise changed(path)
        if not block:
            return
        at += len(block)
        yield block


def _write(file: int, blocks: Iterable[bytes]) -> Stored:
    hashed, size_bytes = sha256(), 0
    for block in blocks:
        hashed.update(block)
        size_bytes += len(block)
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(file, rest) :]
    return Stored(size_bytes, hashed.hexdigest())


def _head(found: os.stat_result) -> Head:
    return Head(found.st_size, f"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}")


def _looked_at(name: str, folder: int) -> os.stat_result | None:
    """None where it was there a moment ago: a name while something is written, or removed."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


@contextmanager
def _told(path: str) -> Iterator[None]:
    """What the system says of `path`, as a sentence with its remedy."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise no_file(path) from error
    except PermissionError as error:
        remedy = "let the account that headrace runs under read and write there (chmod, chown)"
        raise Denied("may not be touched", code="denied", where=path, remedy=remedy) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise no_file(path) from error  # a link: what it leads to is nobody's business
        what = error.strerror or str(error)
        if error.errno == errno.ENAMETOOLONG:
            raise Invalid(what, code="invalid-place", where=path, remedy="shorten it") from error
        raise Unavailable(what, where=path, remedy="look at the disk and its mount") from error
