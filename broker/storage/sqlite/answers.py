"""Carrying the writer's answers to the event loop: one call per commit."""

import asyncio
from collections.abc import Callable

from broker.errors import HeadraceError
from broker.storage.log import OnStored
from broker.storage.rows import Append
from broker.storage.sqlite.group import Group, Job, PendingCheckpoint, Written


class Answers:
    """Called in the writer's thread; everything it calls back runs on the loop.

    A loop that is closed has nobody left to be answered.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, on_stored: OnStored) -> None:
        self._loop = loop
        self._on_stored = on_stored

    def committed(self, group: Group, written: Written) -> None:
        self._call(lambda: self._tell(group, written))

    def _tell(self, group: Group, written: Written) -> None:
        """First what is stored now, then its publishers, then the checkpoint."""
        if written.stored:
            self._on_stored(written.stored)
        for append, stored, error in written.answers:
            append.stored, append.error = stored, error
            append.done(append)
        if group.checkpoint is not None:
            group.checkpoint.done(written.checkpoint_error)

    def failed(self, group: Group, error: HeadraceError) -> None:
        self._call(lambda: self._refuse(group, error))

    def _refuse(self, group: Group, error: HeadraceError) -> None:
        for append in group.appends:
            append.error = error
            append.done(append)
        if group.checkpoint is not None:
            group.checkpoint.done(error)

    def job(self, job: Job, result: object, error: HeadraceError | None) -> None:
        self._call(lambda: job.done(result, error))

    def refused(self, item: Append | PendingCheckpoint | Job, error: HeadraceError) -> None:
        if isinstance(item, Job):
            self.job(item, None, error)
        elif isinstance(item, Append):
            self.failed(Group([item]), error)
        else:
            self.failed(Group([], item), error)

    def call(self, callback: Callable[[HeadraceError], None], error: HeadraceError) -> None:
        self._call(lambda: callback(error))

    def _call(self, callback: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback)
