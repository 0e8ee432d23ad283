"""The folder itself: whether it is there, may be read, and is still the same one."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from broker.errors import Denied, HeadraceError, Invalid, Unavailable


class Root(NamedTuple):
    """`path` is without links. `device` may be another after a restart of the machine."""

    path: str
    device: int
    inode: int


def find_root(path: str) -> Root:
    """The folder at `path`; raises Unavailable, Denied or Invalid where there is none to read."""
    try:
        real = Path(path).resolve(strict=True)
        found = real.stat()
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError
        with os.scandir(real):
            return Root(str(real), found.st_dev, found.st_ino)
    except (OSError, RuntimeError) as error:
        raise refusal(path, error) from error


def is_empty(root: Root) -> bool:
    """Of everything, hidden files too."""
    with os.scandir(root.path) as entries:
        return next(entries, None) is None


def demand_same(path: str, root: Root) -> None:
    """Raises Unavailable where another folder is at `path` by now, or none."""
    if find_root(path) != root:
        raise Unavailable(
            "another folder has taken the place of the one that was watched",
            code="folder-replaced",
            where=path,
            remedy="nothing need be done: it is looked at anew",
        )


def refusal(path: str, error: OSError | RuntimeError) -> HeadraceError:
    """The sentence for what the system said of the folder at `path`."""
    if isinstance(error, FileNotFoundError):
        remedy = "make the folder, mount its disk, or mend spec.path"
        return Unavailable("there is no such folder", code="no-folder", where=path, remedy=remedy)
    if isinstance(error, NotADirectoryError):
        remedy = "name a folder in spec.path; to watch one file, name its folder and include it"
        return Invalid("is no folder", code="no-folder", where=path, remedy=remedy)
    if isinstance(error, PermissionError):
        remedy = "let the account that headrace runs under read and enter it (chmod, chown)"
        return Denied("the folder may not be read", code="denied", where=path, remedy=remedy)
    why = reason(error)
    remedy = "look at the disk and its mount"
    return Unavailable(f"the folder cannot be read: {why}", where=path, remedy=remedy)


def reason(error: OSError | RuntimeError) -> str:
    """What the system says, without the path, which is told beside it."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
