"""What is left of jobs that have ended goes: rows of chunks, parts, and one day their records."""

from collections.abc import Callable
from datetime import timedelta

from broker.errors import HeadraceError
from sinks.file_batch.finalising import Parts
from sinks.file_batch.names import names_for
from sinks.file_batch.sink import FileBatchSink
from sinks.file_batch.store import open_store
from triggers.file_jobs.book import Book
from triggers.file_jobs.job import FileJob, State
from triggers.file_jobs.means import Means
from triggers.file_jobs.threads import Threads

KEPT = timedelta(days=14)  # as dead letters are
ENDED_JOBS_KEPT = 1_000
SWEPT = frozenset({State.COMPLETED, State.CANCELLED, State.SUPERSEDED})


class Sweeper:
    """Of one partition. What cannot be removed now, because a store does not answer, stays."""

    def __init__(self, book: Book, means: Means, threads: Threads) -> None:
        self._book = book
        self._means = means
        self._threads = threads

    async def sweep(self, is_at_work: Callable[[FileJob], bool]) -> None:
        """`is_at_work` tells whether a job works on the same file: its parts lie there."""
        jobs = list(self._book.jobs.values())
        for job in jobs:
            if job.state in SWEPT and not job.is_swept and not is_at_work(job):
                await self._sweep(job)
        ended = [job for job in jobs if not job.is_open]
        ended.sort(key=lambda job: job.ended_at or job.created_at)
        oldest = self._means.clock.now() - KEPT
        for at, job in enumerate(ended):
            is_surplus = at < len(ended) - ENDED_JOBS_KEPT
            if (is_surplus or (job.ended_at or oldest) < oldest) and not is_at_work(job):
                await self._forget(job)

    async def _sweep(self, job: FileJob) -> None:
        await self._book.drop(job.id)
        if job.state is State.CANCELLED:  # a superseded one's are removed by who follows it
            await self._remove_parts(job)
        present = self._book.jobs.get(job.id)
        if present is not None and present.state is job.state:
            self._book.put(present.become(present.state, is_swept=True))

    async def _forget(self, job: FileJob) -> None:
        if not job.is_swept:
            await self._book.drop(job.id)
            await self._remove_parts(job)
        if (present := self._book.jobs.get(job.id)) is not None and not present.is_open:
            self._book.forget(job.id)

    async def _remove_parts(self, job: FileJob) -> None:
        sink = self._means.sink_of(job.trigger)
        others = [one for one in self._book.jobs.values() if one.source == job.source]
        if sink is None or any(one.is_open for one in others):
            return
        try:
            await self._threads.call(remove_parts, job, sink)
        except HeadraceError as error:
            self._means.telemetry.emit("file-job.left", job=job.id, error=str(error))


def remove_parts(job: FileJob, sink: FileBatchSink) -> None:
    """Blocking. The format of the output does not matter to the name of its parts."""
    names = names_for(job.source, sink.spec.write, "jsonl", sink.spec.match.prefix)
    Parts(open_store(names.parts, sink.access), names).remove()
