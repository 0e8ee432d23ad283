"""Hearing of changes in a folder: by inotify where there is one, else by looking every second.

What is heard is only where to look; what is there is always looked at. So nothing hangs on the
order of notices, on their being complete, or on renames being told as pairs.
Source: inotify(7), limitations and caveats.
"""

import asyncio
import errno
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

from sources.folder.dirty import Dirty

if TYPE_CHECKING:
    from inotify_simple import Event, INotify

POLL_SECONDS = 1.0


class Watch(Protocol):
    """`scan_seconds_max`: a scan of everything is needed at least that often.

    `is_exhausted`: the system gives no more, and something is not heard.
    """

    scan_seconds_max: float
    is_exhausted: bool
    name: str

    def add(self, folder: str) -> None:
        """Hear of `folder` from now on. Called from the scanning thread; raises OSError."""
        ...

    def keep(self, folders: Collection[str]) -> None:
        """Forget all but these."""
        ...

    async def wait(self, seconds: float) -> Dirty:
        """What was heard since the last time; waits for it as long as that."""
        ...

    def close(self) -> None: ...


class Polling:
    """Hears nothing: everything is scanned every second."""

    scan_seconds_max = POLL_SECONDS
    is_exhausted = False
    name = "polling"

    def add(self, folder: str) -> None:
        """All folders are looked at anyway."""

    def keep(self, folders: Collection[str]) -> None:
        """Nothing is kept."""

    async def wait(self, seconds: float) -> Dirty:
        await asyncio.sleep(seconds)
        return Dirty()

    def close(self) -> None:
        """Nothing is open."""


class Inotify:
    """One inotify instance with a watch per folder. `path` is the folder's, without links."""

    name = "inotify"

    scan_seconds_max = float("inf")

    def __init__(self, path: str) -> None:
        from inotify_simple import flags  # it cannot be imported on every system

        self.is_exhausted = False
        self._flags = flags
        self._mask = (
            flags.CREATE | flags.CLOSE_WRITE | flags.ATTRIB | flags.DELETE | flags.MOVED_FROM
            | flags.MOVED_TO | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR
        )  # fmt: skip
        self._path = path
        self._folders: dict[int, str] = {}  # by watch descriptor
        self._dirty = Dirty()
        self._woken = asyncio.Event()
        self._inotify: INotify | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Blocking; raises OSError where the system gives no more instances."""
        from inotify_simple import INotify

        self._inotify = INotify(nonblocking=True)

    def listen(self) -> None:
        """Begin to hear, on the running loop; it has to be open."""
        assert self._inotify is not None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._inotify.fileno(), self._read)

    def add(self, folder: str) -> None:
        if self.is_exhausted:
            return
        assert self._inotify is not None
        try:
            watched = self._inotify.add_watch(f"{self._path}/{folder}", self._mask)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.ENOMEM):
                raise
            self.is_exhausted = True
            return
        self._folders[watched] = folder

    def keep(self, folders: Collection[str]) -> None:
        for watched, folder in list(self._folders.items()):
            if folder not in folders:
                self._forget(watched)

    async def wait(self, seconds: float) -> Dirty:
        if not self._dirty:
            self._woken.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._woken.wait()
            except TimeoutError:
                return Dirty()
        dirty, self._dirty = self._dirty, Dirty()
        return dirty

    def close(self) -> None:
        if self._inotify is None:
            return
        if self._loop is not None:
            self._loop.remove_reader(self._inotify.fileno())
        self._inotify.close()

    def _read(self) -> None:
        assert self._inotify is not None
        for event in self._inotify.read(timeout=0):
            self._hear(event)
        if self._dirty:
            self._woken.set()

    def _hear(self, event: "Event") -> None:
        flags, mask = self._flags, event.mask
        folder = self._folders.get(event.wd)
        if mask & flags.Q_OVERFLOW:
            self._dirty.add_all()
        elif mask & flags.IGNORED:
            self._folders.pop(event.wd, None)
        elif folder is None:
            return  # its watch was given up meanwhile
        elif mask & flags.UNMOUNT or (folder == "" and not event.name):
            self._dirty.add_all()
        elif event.name:
            path = f"{folder}/{event.name}" if folder else event.name
            (self._dirty.add_folder if mask & flags.ISDIR else self._dirty.add_name)(path)

    def _forget(self, watched: int) -> None:
        assert self._inotify is not None
        del self._folders[watched]
        try:
            self._inotify.rm_watch(watched)
        except OSError as error:
            if error.errno != errno.EINVAL:  # the system has given it up by itself
                raise


def has_inotify() -> bool:
    return sys.platform == "linux"
