"""FolderSource: what is stored of a folder is loaded, then a patrol goes on from there."""

import asyncio

from broker.errors import Invalid
from sources.folder.disk import Disk
from sources.folder.listing import Listing
from sources.folder.naming import shown
from sources.folder.options import FolderOptions
from sources.folder.patrol import Patrol
from sources.folder.root import Root, find_root, reason
from sources.folder.scan import Scanned, Scanner
from sources.folder.selection import Selection
from sources.folder.start import load_told
from sources.folder.watch import Inotify, Polling, has_inotify
from sources.source import Outlet, SourceSupplies
from sources.spec import SourceSpec

CHECK_SECONDS = 10.0  # then a check says what it has counted so far


class FolderSource:
    """A record per file that was told is stored with its event: what changed while nobody
    looked is told at the next start, and nothing twice.

    With `tells_initial` False what is there at the very first start is only recorded, until that
    first listing is complete. A folder that is gone, or that is another one and empty, such as
    the place of a disk that is not mounted, is an error; its files are not removed by that.
    """

    def __init__(self, spec: SourceSpec, supplies: SourceSupplies) -> None:
        self._spec = spec
        self._options: FolderOptions = spec.options
        self._clock = supplies.clock

    async def run(self, outlet: Outlet) -> None:
        disk = Disk()
        try:
            root = await disk.call(find_root, self._options.path)
            told = await load_told(self._options, outlet, disk, root)
            listing = Listing(self._options.settle_seconds, told)
            patrol = Patrol(self._spec, self._clock, outlet, disk, root, listing)
            if has_inotify():
                await self._hear(outlet, disk, root, patrol)
            await patrol.walk(Polling())
        finally:
            disk.close()

    async def check(self) -> str:
        disk = Disk()
        stop = asyncio.get_running_loop().call_later(CHECK_SECONDS, disk.stopped.set)
        try:
            root = await disk.call(find_root, self._options.path)
            options = self._options
            scanner = Scanner(root.path, Selection(options), options.files_max, disk.stopped)
            scanned = await disk.call(scanner.scan, "", lambda _: None)
            return self._found(scanned, is_whole=not disk.stopped.is_set())
        finally:
            stop.cancel()
            disk.close()

    async def _hear(self, outlet: Outlet, disk: Disk, root: Root, patrol: Patrol) -> None:
        """The patrol by inotify; comes back where the system has too few watches for that."""
        watch = Inotify(root.path)
        try:
            why = await disk.call(_opened, watch)
            if why is None:
                watch.listen()
                await patrol.walk(watch)
        finally:
            watch.close()
        outlet.standing.notice(
            f"the system watches no more folders for headrace ({why or 'no more watches'}): "
            f"{self._options.path} is looked at every second instead; raise "
            "fs.inotify.max_user_watches and fs.inotify.max_user_instances (sysctl)"
        )

    def _found(self, scanned: Scanned, is_whole: bool) -> str:
        if scanned.unread:
            folder, why = next(iter(scanned.unread.items()))
            raise Invalid(
                f"{len(scanned.unread)} folders cannot be listed, such as {shown(folder)}: {why}",
                code="unread-folders",
                where=self._options.path,
                remedy="let headrace read and enter them, or exclude them",
            )
        least = "" if is_whole else "at least "
        return f"{least}{len(scanned.found)} files in {len(scanned.folders)} folders"


def _opened(watch: Inotify) -> str | None:
    """Why it could not be, None where it is."""
    try:
        watch.open()
    except OSError as error:
        return reason(error)
    return None
