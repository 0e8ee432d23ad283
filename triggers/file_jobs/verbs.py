"""The verbs of file jobs: pause, resume, cancel, retry-errors; each on disk when it gives back."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from broker.errors import Conflict, Invalid
from sinks.file_batch.names import names_for
from sinks.file_batch.sink import FileBatchSink
from sinks.file_batch.store import open_store
from sinks.sink import Sink
from triggers.file_jobs.desk import Desk
from triggers.file_jobs.events import total_rows
from triggers.file_jobs.job import LASTING, FileJob, State
from triggers.file_jobs.judging import share_done
from triggers.file_jobs.keeping import Jobs
from triggers.file_jobs.means import Means

ID_CHARACTERS_MIN = 6  # of the beginning of an id, where only one begins so


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far a job is, for people. None: nothing tells."""

    job: FileJob
    share: float | None
    total: int | None
    per_second: float | None
    seconds_left: float | None


class FileJobs:
    """Of one partition. Verbs give the job as it is then, and whether there was something to do."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.jobs = Jobs(means)
        self.desk = Desk(self.jobs, means)

    async def pause(self, id: str, by: str, reason: str = "") -> tuple[FileProgress, bool]:
        """Begin no more chunks; False where it was paused already."""
        job = self._open(id, "paused")
        if job.state is not State.PAUSED:
            self.jobs.steps.pause(job.id, reason or f"by {by}")
            await self._written(job, "pause", by, reason)
            return self._progress(job.id), True
        return self._progress(job.id), False

    async def resume(self, id: str, by: str, reason: str = "") -> tuple[FileProgress, bool]:
        """Go on after the last chunk that is done; False where it was not stopped."""
        job = self._known(id)
        if job.state in LASTING:
            job = replace(job, started_at=None)
        elif job.state is not State.PAUSED:
            if not job.is_open:
                raise _ended(job, "resumed")
            return self._progress(job.id), False
        self.jobs.steps.go_on(job)
        await self._written(job, "resume", by, reason)
        return self._progress(job.id), True

    async def cancel(self, id: str, by: str, reason: str = "") -> tuple[FileProgress, bool]:
        """End it, and remove its parts. Its delivery becomes a dead letter, `operator`.

        False where it has ended.
        """
        job = self._known(id)
        if not job.is_open and job.state is not State.FAILED:
            return self._progress(job.id), False
        self.jobs.cancel(job.id, by)
        await self._written(job, "cancel", by, reason)
        return self._progress(job.id), True

    async def retry_errors(self, id: str, by: str, reason: str = "") -> tuple[FileProgress, bool]:
        """Do the chunks again in which records failed; False where none did.

        Of a job that is complete only the records, where its outputs tell which: else all.
        """
        job = self._known(id)
        if job.state in (State.WAITING, State.RUNNING, State.SUPERSEDED):
            remedy = "pause it first, or wait for its end" if job.is_open else "send the file again"
            raise Conflict(
                f"file job {job.id} is {job.state}, its errors cannot be tried again",
                code="job-open" if job.is_open else "job-ended",
                remedy=remedy,
            )
        if not job.failed:
            return self._progress(job.id), False
        earlier = job.earlier
        if job.state is State.COMPLETED:
            await self._withdraw(job)
            earlier = job.counts
        present = self.jobs.job(job.id)
        self.jobs.steps.go_on(replace(present, started_at=None, earlier=earlier), redoes=True)
        await self._written(job, "retry-errors", by, reason)
        return self._progress(job.id), True

    async def _withdraw(self, job: FileJob) -> None:
        """The manifest says that the job is complete: not any more."""
        sink = self._means.sink_of(job.trigger)
        if sink is None:
            raise Conflict(
                f"the trigger of file job {job.id} has no FileBatch any more",
                code="no-sink",
                remedy=f"give {job.trigger} its subscriber back",
            )
        await self.jobs.threads.call(remove_manifest, job, sink)

    def find(self, id: str) -> FileProgress | None:
        """By its id, or by its beginning where that is no other's."""
        found = self._named(id)
        return None if found is None else self._progress(found.id)

    def all(self) -> list[FileProgress]:
        """Those that have not ended first, and of each kind the latest first."""
        jobs = sorted(self.jobs.book.jobs.values(), key=lambda job: job.created_at, reverse=True)
        return [self._progress(job.id) for job in sorted(jobs, key=lambda job: not job.is_open)]

    def _progress(self, id: str) -> FileProgress:
        job = self.jobs.job(id)
        per_second, seconds_left = self.jobs.pace.of(job)
        return FileProgress(job, share_done(job), total_rows(job), per_second, seconds_left)

    def _named(self, id: str) -> FileJob | None:
        jobs = self.jobs.book.jobs
        if id in jobs or len(id) < ID_CHARACTERS_MIN:
            return jobs.get(id)
        begin_so = [job for named, job in jobs.items() if named.startswith(id)]
        return begin_so[0] if len(begin_so) == 1 else None

    def _known(self, id: str) -> FileJob:
        if (found := self._named(id)) is not None:
            return found
        remedy = "headrace files lists them"
        raise Invalid(f"no file job {id[:64]}", code="not-found", remedy=remedy)

    def _open(self, id: str, verb: str) -> FileJob:
        job = self._known(id)
        if not job.is_open:
            raise _ended(job, verb)
        return job

    async def _written(self, job: FileJob, verb: str, by: str, reason: str) -> None:
        self.jobs.book.audit(job, verb, by, reason, self._means.clock.now())
        self._means.changed()
        await self._means.flush()

    def states(self) -> Mapping[str, int]:
        """How many there are in each state; for metrics."""
        counts = Counter(job.state for job in self.jobs.book.jobs.values())
        return {state.value: counts[state] for state in State}

    def batches(self) -> list[FileBatchSink]:
        """The FileBatches that triggers hand their events to."""
        found = [self._means.sink_of(name) for name in self._means.lanes]
        return [sink for sink in found if sink is not None]

    def models(self) -> set[Sink]:
        """What jobs call, or would."""
        return {batch.model for batch in self.batches()} | self.jobs.models

    async def stop(self) -> None:
        await self.jobs.stop()


def _ended(job: FileJob, verb: str) -> Conflict:
    return Conflict(
        f"file job {job.id} is {job.state} and cannot be {verb}",
        code="job-ended",
        remedy="send the file again, or try its errors: headrace files retry-errors JOB",
    )


def remove_manifest(job: FileJob, sink: FileBatchSink) -> None:
    """Blocking."""
    names = names_for(job.source, sink.spec.write, "jsonl", sink.spec.match.prefix)
    open_store(names.manifest, sink.access).delete(names.manifest.path)
