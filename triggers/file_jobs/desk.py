"""What a delivery to a FileBatch comes to: jobs of the files that it names, and their ends."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Invalid
from broker.hops import hops_of
from sinks.file_batch.identity import job_id
from sinks.file_batch.place import Place
from sinks.file_batch.sink import FileBatchSink
from triggers.file_jobs.job import LASTING, FileJob, State
from triggers.file_jobs.keeping import Jobs
from triggers.file_jobs.means import Means
from triggers.file_jobs.objects import Named, named_by
from triggers.file_jobs.options import options_of, written_of
from triggers.file_jobs.watching import (
    Found,
    Newest,
    Seen,
    Settling,
    files_of,
    is_manifest,
    look,
)

PARKED_SECONDS = 3_600.0  # the end of a job wakes its deliveries: this is for what nobody told
FULL_SECONDS = 5.0  # until the next try while there are too many jobs
REDRIVE = "headraceredrive"  # how often a delivery came back from the desk of dead letters


class Pending(NamedTuple):
    """A file that is no job yet."""

    why: str
    seconds: float
    spares_sink: bool = False


class Desk:
    """Implements `sinks.file_batch.sink.JobDesk` for one partition."""

    def __init__(self, jobs: Jobs, means: Means) -> None:
        self._jobs = jobs
        self._means = means
        self._settling = Settling(means.clock.monotonic)
        self._newest = Newest()
        self.skipped = {"other": 0}  # files that made no job, by why; for metrics

    async def work_on(self, delivery: Delivery, sink: FileBatchSink) -> Outcome:
        files: list[FileJob | Pending] = []
        for place in await self._places(delivery, sink):
            found = await self._file(place, delivery, sink)
            if found is not None:
                files.append(found)
        # Nothing is awaited from here to the settlement: a job that ended would wake nobody.
        present = [self._jobs.job(one.id) if isinstance(one, FileJob) else one for one in files]
        return outcome_of(present)

    async def _places(self, delivery: Delivery, sink: FileBatchSink) -> Sequence[Place]:
        """The files themselves, in place of manifests that name them."""
        places: dict[Place, None] = {}
        for place in self._named(delivery, sink):
            if not is_manifest(place, sink):
                places[place] = None
                continue
            try:
                found = await self._jobs.threads.call(files_of, place, sink)
            except Invalid:
                # Read before, and gone since: its jobs are known.
                found = [job.source for job in self._known(delivery)]
                if not found:
                    raise
            places |= dict.fromkeys(found)
        return list(places)

    def _named(self, delivery: Delivery, sink: FileBatchSink) -> Sequence[Place]:
        """What the event names, without what a newer notification has told of already."""
        names = named_by(delivery.event)
        for named in names:
            self._newest.see(delivery.trigger, named)
        places = [
            named.place
            for named in names
            if not named.is_gone and not self._is_late(named, delivery, sink)
        ]
        return list(dict.fromkeys(places))

    def _is_late(self, named: Named, delivery: Delivery, sink: FileBatchSink) -> bool:
        """Whether a newer notification was seen before this one has made a job.

        A redrive is never late: somebody wants it done.
        """
        if redrives_of(delivery) or not self._newest.is_late(delivery.trigger, named):
            return False
        known = self._known(delivery)
        has_begun = any(job.source == named.place for job in known)
        if has_begun or (known and is_manifest(named.place, sink)):
            return False
        self._skip("late")
        return True

    def _known(self, delivery: Delivery) -> Sequence[FileJob]:
        """The jobs that this delivery has waited for."""
        return self._jobs.book.of_delivery(delivery.trigger, delivery.offset)

    async def _file(
        self, place: Place, delivery: Delivery, sink: FileBatchSink
    ) -> FileJob | Pending | None:
        """The job of one file; None where it is none of ours."""
        options = options_of(sink.spec)
        for job in self._known(delivery):
            is_same = job.source == place and job.options == options
            if is_same and job.state is not State.SUPERSEDED:
                return self._again(job, delivery)
        seen = await self._jobs.threads.call(look, place, sink)
        if not isinstance(seen, Seen):
            self._skip(seen)
            return None
        if seen.is_awaited:
            return Pending("its marker is not there yet", FULL_SECONDS)
        settle_seconds = self._settling.wait_seconds(
            (delivery.trigger, delivery.offset, place), seen.head, seen.settle_seconds
        )
        if settle_seconds > 0.0:
            return Pending("it has to settle", settle_seconds)
        return self._job_of(Found(place, seen), delivery, sink)

    def _job_of(
        self, found: Found, delivery: Delivery, sink: FileBatchSink
    ) -> FileJob | Pending | None:
        place, seen = found
        named = job_id(place, seen.head.identity, delivery.trigger, written_of(sink.spec))
        known = self._jobs.book.jobs.get(named)
        if known is not None:
            waited = known.waited_for_by(delivery.offset)
            if waited is not known:
                self._jobs.book.put(waited)
            return self._again(waited, delivery)
        if seen.is_done_before and sink.spec.match.on_overwrite == "ignore":
            self._skip("overwritten")
            return None
        if self._jobs.is_full:
            return Pending("there are too many jobs", FULL_SECONDS, spares_sink=True)
        return self._make(named, found, delivery, sink)

    def _make(self, named: str, found: Found, delivery: Delivery, sink: FileBatchSink) -> FileJob:
        place, seen = found
        job = FileJob(
            id=named,
            trigger=delivery.trigger,
            sink=sink.spec.name,
            source=place,
            head=seen.head,
            options=options_of(sink.spec),
            offset=delivery.offset,
            hops=hops_of(delivery.event),
            deliveries=(delivery.offset,),
            created_at=self._means.clock.now(),
            redrives=redrives_of(delivery),
        )
        self._jobs.steps.add(job)
        return job

    def _again(self, job: FileJob, delivery: Delivery) -> FileJob:
        """A redrive of what had failed lets its job go on."""
        redrives = redrives_of(delivery)
        if job.state in LASTING and redrives > job.redrives:
            self._jobs.steps.go_on(replace(job, redrives=redrives, started_at=None), redoes=True)
        return self._jobs.job(job.id)

    def _skip(self, why: str) -> None:
        self.skipped[why] = self.skipped.get(why, 0) + 1


def redrives_of(delivery: Delivery) -> int:
    told = delivery.event.attributes.get(REDRIVE, "0")
    return int(told) if told.isascii() and told.isdigit() else 0


def outcome_of(files: Sequence[FileJob | Pending]) -> Outcome:
    """What the files of one delivery come to together."""
    pending = [one for one in files if isinstance(one, Pending)]
    jobs = [one for one in files if isinstance(one, FileJob)]
    open_jobs = [job for job in jobs if job.is_open or job.state is State.SUPERSEDED]
    if pending:
        first = min(pending, key=lambda one: one.seconds)
        return waiting(first.why, first.seconds, first.spares_sink)
    if open_jobs:
        return waiting(f"file job {open_jobs[0].id} is {open_jobs[0].state}", PARKED_SECONDS)
    for job in jobs:
        if job.state is not State.COMPLETED:
            return failure_of(job)
    return Delivered()


def waiting(why: str, seconds: float, spares_sink: bool = False) -> Failed:
    """No attempt is used, and none of its age."""
    return Failed(
        OutcomeClass.NOT_READY,
        why,
        retry_after_seconds=seconds if spares_sink else None,
        parked_seconds=seconds,
    )


def failure_of(job: FileJob) -> Failed:
    """The dead letter of a job's delivery; its redrive lets the job go on."""
    reason = job.reason or Reason.ATTEMPTS
    is_input = reason is Reason.BAD_INPUT
    kind = OutcomeClass.BAD_INPUT if is_input else OutcomeClass.SUSPECT
    return Failed(kind, f"file job {job.id} is {job.state}: {job.why}", reason=reason)
