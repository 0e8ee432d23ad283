"""What waits for the writer, cut into groups."""

from collections import deque
from queue import Empty, SimpleQueue
from typing import Final

from broker.storage.rows import Append
from broker.storage.sqlite.group import Group, Job, PendingCheckpoint
from broker.storage.sqlite.options import SqliteOptions


class Stop:
    """The last item: finish what came before it."""


STOP: Final = Stop()
Item = tuple[Append, ...] | Append | PendingCheckpoint | Job | Stop


class Inbox:
    """Filled on the event loop, emptied by the writer's thread. Its callers bound it."""

    def __init__(self, options: SqliteOptions) -> None:
        self.put = (queue := SimpleQueue[Item]()).put
        self._queue = queue
        self._options = options
        self._appends: deque[Append] = deque()
        self._checkpoints: deque[PendingCheckpoint] = deque()
        self.jobs: deque[Job] = deque()
        self.is_stopping = False

    def wait(self, timeout_seconds: float | None) -> None:
        """Block until something is there, or the time is over; then take all that is."""
        if not (self._appends or self._checkpoints or self.jobs or self.is_stopping):
            try:
                self._sort(self._queue.get(timeout=timeout_seconds))
            except Empty:
                return
        try:
            while True:
                self._sort(self._queue.get_nowait())
        except Empty:
            return

    def _sort(self, item: Item) -> None:
        if isinstance(item, tuple):
            self._appends.extend(item)
        elif isinstance(item, Append):
            self._appends.append(item)
        elif isinstance(item, PendingCheckpoint):
            self._checkpoints.append(item)
        elif isinstance(item, Job):
            self.jobs.append(item)
        else:
            self.is_stopping = True

    @property
    def is_empty(self) -> bool:
        return not (self._appends or self._checkpoints or self.jobs)

    def take_group(self) -> Group:
        """The pending checkpoint and, within the caps of a commit, the oldest appends.

        One append is never split and at least one is taken, however large. Replies and
        dead letters of the checkpoint count as events do.
        """
        group = Group()
        events = 0
        if self._checkpoints:
            group.checkpoint = self._checkpoints.popleft()
            checkpoint = group.checkpoint.checkpoint
            events = len(checkpoint.replies) + len(checkpoint.dead_letters)
        size_bytes = 0
        while self._appends:
            append = self._appends[0]
            events += len(append.events)
            for event in append.events:
                size_bytes += len(event.head) + (len(event.data) if event.data else 0)
            if group.appends and (
                events > self._options.commit_events_max
                or size_bytes > self._options.commit_bytes_max
            ):
                break
            append.taken = True
            group.appends.append(self._appends.popleft())
        return group
