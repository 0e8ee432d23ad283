"""Looking at files: all below a folder, or one. Blocking; called in the source's thread.

Links to folders are not followed; links to files are where they lead to a file inside. What is
neither a file nor a folder (a pipe, a socket) is passed over.
"""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag

from broker.errors import Invalid
from sources.folder.listing import Seen
from sources.folder.root import reason
from sources.folder.selection import Selection

Watch = Callable[[str], None]
_NANOSECONDS_MAX = 2**63 - 1


@dataclass(slots=True)
class Scanned:
    """`unread`: folders that could not be listed, and why."""

    found: dict[str, Seen] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)


class Scanner:
    """Looks at the files of one folder. `stopped` ends a scan early, with what it has."""

    def __init__(self, path: str, selection: Selection, files_max: int, stopped: Flag) -> None:
        self._path = path
        self._selection = selection
        self._files_max = files_max
        self._stopped = stopped

    def scan(self, scope: str, watch: Watch) -> Scanned:
        """All that is selected below `scope`; `watch` is told each folder before it is listed.

        So a file that comes meanwhile is listed, or watched, or both. Raises
        Invalid(code="too-many-files").
        """
        scanned = Scanned()
        waiting = [scope] if self._selection.enters(scope) else []
        while waiting and not self._stopped.is_set():
            folder = waiting.pop()
            try:
                watch(folder)
                waiting += self._list(folder, scanned)
                scanned.folders.add(folder)
            except (FileNotFoundError, NotADirectoryError):
                continue  # it went since it was seen
            except OSError as error:
                scanned.unread[folder] = reason(error)
            if len(scanned.found) > self._files_max:
                raise too_many(self._path, self._files_max)
        return scanned

    def look(self, path: str) -> Seen | None:
        """One file; None where none is there. Raises OSError where that cannot be told."""
        try:
            found = Path(self._path, path).stat(follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                return self._linked(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return seen_of(found) if stat.S_ISREG(found.st_mode) else None

    def _list(self, folder: str, scanned: Scanned) -> list[str]:
        """Adds the files of `folder` itself; gives the folders in it."""
        inside: list[str] = []
        front = f"{folder}/" if folder else ""
        with os.scandir(f"{self._path}/{folder}") as entries:
            for entry in entries:
                path = front + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if self._selection.enters(path):
                        inside.append(path)
                elif self._selection.takes(path) and (seen := self._seen(entry, path)):
                    scanned.found[path] = seen
        return inside

    def _seen(self, entry: "os.DirEntry[str]", path: str) -> Seen | None:
        try:
            if entry.is_symlink():
                return self._linked(path)
            if entry.is_file(follow_symlinks=False):
                return seen_of(entry.stat(follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return None  # it went since it was listed
        return None

    def _linked(self, path: str) -> Seen | None:
        """What a link leads to, where that is a file inside."""
        try:
            real = Path(os.path.realpath(f"{self._path}/{path}", strict=True))
        except OSError as error:
            if error.errno == errno.ELOOP:  # it leads in circles
                return None
            raise
        if not real.is_relative_to(self._path):
            return None
        found = real.stat()
        return seen_of(found) if stat.S_ISREG(found.st_mode) else None


def seen_of(found: os.stat_result) -> Seen:
    """Times that some file systems know and 64 bits do not (from 2262 on) are cut to fit."""
    mtime_ns = max(-_NANOSECONDS_MAX, min(found.st_mtime_ns, _NANOSECONDS_MAX))
    ctime_ns = max(-_NANOSECONDS_MAX, min(found.st_ctime_ns, _NANOSECONDS_MAX))
    return Seen(found.st_size, mtime_ns, ctime_ns, found.st_ino)


def too_many(path: str, files_max: int) -> Invalid:
    return Invalid(
        f"holds more than {files_max} files",
        code="too-many-files",
        where=path,
        remedy="raise spec.maxFiles (about 500 bytes of memory each), or select fewer by "
        "include and exclude",
    )
