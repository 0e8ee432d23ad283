"""What has been told of a folder, and what is seen there and not told yet. Pure.

A file is told once its size, time and inode have been the same for as long as it has to settle;
so is one that is gone, because programs replace files by removing them first.
"""

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

BATCH_FILES_MAX = 500
BATCH_HASHED_BYTES_MAX = 64 * 1024 * 1024  # unless a single file is larger


class Seen(NamedTuple):
    """A file as the file system tells of it."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @property
    def state(self) -> tuple[int, int, int]:
        """Differs when the content may be another. Not ctime: rights and names change that."""
        return (self.size, self.mtime_ns, self.inode)


class Told(NamedTuple):
    """A file as it was told; `hash` is "" where it was not asked for."""

    seen: Seen
    hash: str


class Pending(NamedTuple):
    """`seen` None: it is gone. Times are monotonic seconds."""

    seen: Seen | None
    due_at: float


class Listing:
    """By relative path. `told` is what is stored; nothing else outlives the process."""

    def __init__(self, settle_seconds: float, told: Mapping[str, Told] | None = None) -> None:
        self.told = dict(told or {})
        self.pending: dict[str, Pending] = {}
        self._settle_seconds = settle_seconds
        self._queue: list[tuple[float, str]] = []  # an entry per path, perhaps an outdated one
        self._queued: set[str] = set()

    def is_longer_than(self, files_max: int) -> bool:
        """Whether there are more files, told or not."""
        if len(self.told) + len(self.pending) <= files_max:
            return False
        return len(self.told) + sum(path not in self.told for path in self.pending) > files_max

    def is_told(self, path: str, seen: Seen | None) -> bool:
        told = self.told.get(path)
        if told is None or seen is None:
            return told is None and seen is None
        return told.seen.state == seen.state

    def see(self, path: str, seen: Seen | None, now: float) -> None:
        """`path` was looked at, at monotonic `now`; None where no file is there."""
        if self.is_told(path, seen):
            self.pending.pop(path, None)
            return
        pending = self.pending.get(path)
        if pending is None or not _is_still(pending.seen, seen):
            self._await(path, seen, now + self._settle_seconds)
        elif path not in self._queued:
            self._await(path, seen, pending.due_at)

    def postpone(self, path: str, until: float) -> None:
        """It cannot be read now."""
        if (pending := self.pending.get(path)) is not None:
            self._await(path, pending.seen, until)

    def settle(self, path: str, told: Told | None) -> None:
        """It was told, and that is stored."""
        self.pending.pop(path, None)
        if told is None:
            self.told.pop(path, None)
        else:
            self.told[path] = told

    def next_due_at(self) -> float | None:
        return self._queue[0][0] if self._queue else None

    def due(self, now: float, with_hash: bool) -> dict[str, Seen | None]:
        """What has settled, in order of time; as much as is hashed and stored at once.

        Each stays pending until it is settled; of one that cannot be yet, `see` or `postpone`
        must say so.
        """
        found: dict[str, Seen | None] = {}
        size_bytes = 0
        while self._queue and self._queue[0][0] <= now and len(found) < BATCH_FILES_MAX:
            path = self._queue[0][1]
            pending = self.pending.get(path)
            if pending is None or pending.due_at > now:
                self._drop_first(pending)
                continue
            size_bytes += pending.seen.size if pending.seen and with_hash else 0
            if found and size_bytes > BATCH_HASHED_BYTES_MAX:
                break
            heappop(self._queue)
            self._queued.discard(path)
            found[path] = pending.seen
        return found

    def _await(self, path: str, seen: Seen | None, due_at: float) -> None:
        self.pending[path] = Pending(seen, due_at)
        if path not in self._queued:
            self._queued.add(path)
            heappush(self._queue, (due_at, path))

    def _drop_first(self, pending: Pending | None) -> None:
        """The queue's first entry is outdated: nothing is pending there, or only later."""
        _, path = heappop(self._queue)
        if pending is None:
            self._queued.discard(path)
        else:
            heappush(self._queue, (pending.due_at, path))


def differences(
    listing: Listing, found: Mapping[str, Seen], scope: str, unread: Mapping[str, str]
) -> Iterator[tuple[str, Seen | None]]:
    """What `listing.see` should know of a look at all below `scope`, "" being everything.

    What lies below a folder of `unread` was not looked at, so nothing is said of it.
    """
    for path, seen in found.items():
        if path in listing.pending or not listing.is_told(path, seen):
            yield path, seen
    hidden = tuple(f"{folder}/" if folder else "" for folder in unread)
    below = f"{scope}/" if scope else ""
    for paths in (listing.told, listing.pending):
        for path in paths:
            if path not in found and path.startswith(below) and not path.startswith(hidden):
                yield path, None


def _is_still(before: Seen | None, now: Seen | None) -> bool:
    if before is None or now is None:
        return before is now
    return before.state == now.state
