"""One run of a FolderSource: look, let settle, tell; and listen until there is more to look at."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from broker.clock import Clock
from broker.event import Event
from sources.folder.book import encode_told, file_key
from sources.folder.content import Again, Examiner, Finding, Unread, Whole
from sources.folder.dirty import Dirty
from sources.folder.disk import Disk
from sources.folder.events import file_event, happening_of
from sources.folder.listing import Listing, Seen, Told, differences
from sources.folder.naming import shown
from sources.folder.options import FolderOptions
from sources.folder.root import Root, demand_same
from sources.folder.scan import Scanned, Scanner, too_many
from sources.folder.selection import Selection
from sources.folder.watch import Watch
from sources.source import BATCH_BYTES_MAX, Outlet
from sources.spec import SourceSpec

SCAN_SHARE_MAX = 0.05  # of the time that scans of everything may take, however often they should
NOTICES_MAX = 20  # of files and folders that cannot be read, one each; then one that there are more


@dataclass(frozen=True, slots=True)
class Change:
    """What is stored next about `path`; `event` None: nothing to tell."""

    path: str
    told: Told | None
    event: Event | None


class Patrol:
    """Owns the listing; all looking is done by `disk`."""

    def __init__(
        self,
        spec: SourceSpec,
        clock: Clock,
        outlet: Outlet,
        disk: Disk,
        root: Root,
        listing: Listing,
    ) -> None:
        self._spec = spec
        self._options: FolderOptions = spec.options
        self._clock = clock
        self._outlet = outlet
        self._disk = disk
        self._root = root
        self._listing = listing
        self._selection = Selection(self._options)
        options = self._options
        self._scanner = Scanner(root.path, self._selection, options.files_max, disk.stopped)
        self._examiner = Examiner(root.path, self._scanner, options.has_hash, disk.stopped)
        self._scan_at = 0.0
        self._noticed: set[str] = set()

    async def walk(self, watch: Watch) -> None:
        """For ever, or until `watch` is exhausted.

        Raises Unavailable when the folder is lost; what was in it is not removed by that.
        """
        await self._scan_all(watch)
        self._outlet.standing.connect(self._outlet.standing.detail)
        while not watch.is_exhausted:
            await self._tell_due()
            dirty = await watch.wait(self._wait_seconds())
            if dirty.is_all or self._clock.monotonic() >= self._scan_at:
                await self._scan_all(watch)
            else:
                await self._look(watch, dirty)

    def _wait_seconds(self) -> float:
        until = self._scan_at
        if (due_at := self._listing.next_due_at()) is not None:
            until = min(until, due_at)
        return max(0.0, until - self._clock.monotonic())

    async def _scan_all(self, watch: Watch) -> None:
        begun = self._clock.monotonic()
        scanned, changes = await self._disk.call(self._scan, "", watch)
        watch.keep(scanned.folders)
        self._apply(changes)
        self._tell_unread(scanned, watch)
        now = self._clock.monotonic()
        seconds = min(self._options.scan_seconds, watch.scan_seconds_max)
        self._scan_at = now + max(seconds, (now - begun) / SCAN_SHARE_MAX)

    async def _look(self, watch: Watch, dirty: Dirty) -> None:
        """Look at what was heard of."""
        for folder in dirty.folders:
            _, changes = await self._disk.call(self._scan, folder, watch)
            self._apply(changes)
        names = [path for path in dirty.names if self._selection.takes(path)]
        if names:
            self._apply(await self._disk.call(self._look_at, names))

    def _scan(self, scope: str, watch: Watch) -> tuple[Scanned, list[tuple[str, Seen | None]]]:
        """In the disk's thread. What it finds counts only if the folder was there all the time."""
        demand_same(self._options.path, self._root)
        scanned = self._scanner.scan(scope, watch.add)
        demand_same(self._options.path, self._root)
        if self._disk.stopped.is_set():
            return scanned, []
        return scanned, list(differences(self._listing, scanned.found, scope, scanned.unread))

    def _look_at(self, paths: Iterable[str]) -> list[tuple[str, Seen | None]]:
        """In the disk's thread."""
        found: list[tuple[str, Seen | None]] = []
        for path in paths:
            with suppress(OSError):  # the next scan of everything says why, and not more often
                found.append((path, self._scanner.look(path)))
        return found

    def _apply(self, changes: Iterable[tuple[str, Seen | None]]) -> None:
        now = self._clock.monotonic()
        for path, seen in changes:
            self._listing.see(path, seen, now)
        if self._listing.is_longer_than(self._options.files_max):
            raise too_many(self._options.path, self._options.files_max)
        self._tell_standing()

    async def _tell_due(self) -> None:
        """Tell one batch of what has settled."""
        due = self._listing.due(self._clock.monotonic(), self._options.has_hash)
        if not due:
            return
        changes = []
        for path, finding in (await self._disk.call(self._examine, due)).items():
            if isinstance(finding, Whole):
                changes.append(self._change(path, finding))
            else:
                self._defer(path, finding)
        for batch in batches(changes):
            await self._store(batch)

    def _examine(self, due: Mapping[str, Seen | None]) -> dict[str, Finding]:
        """In the disk's thread. A file is gone only from a folder that is there."""
        found = self._examiner.examine(due)
        demand_same(self._options.path, self._root)
        return found

    def _change(self, path: str, finding: Whole) -> Change:
        before = self._listing.told.get(path)
        after = None if finding.seen is None else Told(finding.seen, finding.hash)
        happening = happening_of(before, after)
        last = after or before
        if happening is None or last is None or happening not in self._options.tells:
            return Change(path, after, None)
        event = file_event(self._spec.name, path, happening, last, self._clock.now())
        return Change(path, after, event)

    async def _store(self, batch: list[Change]) -> None:
        events = [change.event for change in batch if change.event is not None]
        records = {file_key(change.path): encode_told(change.told) for change in batch}
        await self._outlet.publish(events, records)
        for change in batch:
            self._listing.settle(change.path, change.told)
        self._tell_standing()

    def _defer(self, path: str, finding: Again | Unread) -> None:
        now = self._clock.monotonic()
        if isinstance(finding, Again):
            self._listing.see(path, finding.seen, now)
            return
        self._listing.postpone(path, now + self._options.scan_seconds)
        self._notice(
            f"the file {shown(path)} cannot be read: {finding.why}; let headrace read it, "
            "exclude it, or set hash: false"
        )

    def _tell_unread(self, scanned: Scanned, watch: Watch) -> None:
        for folder, why in scanned.unread.items():
            self._notice(
                f"the folder {shown(folder)} cannot be listed: {why}; nothing is told of what is "
                "in it until headrace may read and enter it, or it is excluded"
            )
        unread = f", {len(scanned.unread)} folders cannot be listed" if scanned.unread else ""
        self._outlet.standing.detail = f"{shown(self._options.path)} by {watch.name}{unread}"

    def _notice(self, what: str) -> None:
        """Once each, and no more than an operator would read."""
        if what in self._noticed or len(self._noticed) > NOTICES_MAX:
            return
        self._noticed.add(what)
        if len(self._noticed) > NOTICES_MAX:
            what = "there are more files and folders that cannot be read"
        self._outlet.standing.notice(what)

    def _tell_standing(self) -> None:
        self._outlet.standing.lag = len(self._listing.pending)
        self._outlet.standing.position = f"{len(self._listing.told)} files told"


def batches(changes: Iterable[Change]) -> Iterable[list[Change]]:
    """In order, as many at once as one commit may take; there are no more than a batch of due."""
    batch: list[Change] = []
    size_bytes = 0
    for change in changes:
        event_bytes = change.event.size_bytes if change.event else 0
        if batch and size_bytes + event_bytes > BATCH_BYTES_MAX:
            yield batch
            batch, size_bytes = [], 0
        batch.append(change)
        size_bytes += event_bytes
    if batch:
        yield batch
