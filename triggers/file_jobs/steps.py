"""The steps of a job's life: each puts it into the book as it is then, with what is told of it."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from broker.delivery import Reason
from broker.event import Event
from triggers.file_jobs import events
from triggers.file_jobs.book import Book
from triggers.file_jobs.chunk_row import ChunkRow
from triggers.file_jobs.job import FileJob, State
from triggers.file_jobs.judging import Verdict, is_progress_due, share_done
from triggers.file_jobs.means import Means
from triggers.file_jobs.opened import Commit
from triggers.file_jobs.pace import Pace
from triggers.file_jobs.record_events import pieces
from triggers.file_jobs.tally import counted


class Steps:
    """Implements `triggers.file_jobs.runner.Keeper`.

    `asked` is called where another job may begin, `ended` with one that has ended.
    """

    def __init__(
        self,
        means: Means,
        book: Book,
        pace: Pace,
        asked: Callable[[], None],
        ended: Callable[[FileJob], None],
    ) -> None:
        self._means = means
        self._book = book
        self._pace = pace
        self._asked = asked
        self._ended = ended
        self.is_stopping_all = False
        self.records_ok = self.records_failed = 0  # since the process started; for metrics

    def job(self, id: str) -> FileJob:
        return self._book.jobs[id]

    def chunks(self, id: str) -> AsyncIterator[Sequence[ChunkRow]]:
        return self._book.chunks(id)

    def is_stopping(self, id: str) -> bool:
        job = self.job(id)
        lane = self._means.lanes.get(job.trigger)
        is_held = self.is_stopping_all or self._means.is_held()
        return is_held or job.state is not State.RUNNING or lane is None or lane.is_paused

    def add(self, job: FileJob) -> None:
        """A new one, or one that begins anew."""
        now = self._means.clock.now()
        self._book.put(job, (), self._told(job, events.accepted(job, self._means.broker, now)))
        self._asked()

    def begin(self, job: FileJob, dropped: Sequence[ChunkRow]) -> None:
        present = self.job(job.id)  # somebody may have paused it meanwhile
        started_at = job.started_at or self._means.clock.now()
        self._book.drop_rows(job.id, dropped)
        self._book.put(counted(replace(present, started_at=started_at), (), before=job))
        self._pace.begin(job.id, job.rows, share_done(job) or 0.0)

    async def done(
        self, id: str, row: ChunkRow, told: tuple[str, str | None], records: Sequence[Event]
    ) -> FileJob:
        # A chunk that is noted has told of all its records: they are in its commit, and where
        # they are too many for one, those before it are on disk. What dies in between is done
        # and told again, under the same ids.
        *first, last = pieces(records)
        for piece in first:
            self._book.put(self.job(id), records=piece)
            await self._means.flush()
        self.records_ok += row.counts.ok
        self.records_failed += row.counts.failed + row.counts.skipped
        now, before = self._means.clock.now(), self.job(id)
        job = counted(before, [row], before=before)
        job = replace(job, model=told[0], version=told[1], vain_starts=0)
        told_of: Sequence[Event] = ()
        sink = self._means.sink_of(job.trigger)
        if sink is not None and is_progress_due(job, sink.spec.progress, now):
            told_of = self._told(job, self._progress_of(job))
            job = replace(job, told_at=now, told_share=share_done(job) or 0.0)
        self._book.put(job, [row], told_of, last)
        if records:
            await self._means.flush()  # a job makes events no faster than they are stored
        return self.job(id)

    def _progress_of(self, job: FileJob) -> Event:
        rate, left = self._pace.of(job)
        return events.progress(job, self._means.broker, self._means.clock.now(), rate, left)

    def complete(self, id: str, commit: Commit) -> None:
        job = replace(
            self.job(id),
            rows=commit.rows,
            counts=commit.counts,
            model=commit.model,
            version=commit.version,
            outputs=tuple(commit.outputs),
            reason=None,
            why="",
            earlier=None,
        )
        self._end(job, State.COMPLETED)

    def fail(self, id: str, verdict: Verdict) -> None:
        job = replace(self.job(id), reason=verdict.reason, why=verdict.why)
        self._end(job, State.FAILED)

    def supersede(self, id: str, why: str) -> None:
        self._end(replace(self.job(id), why=why), State.SUPERSEDED)

    def cancel(self, id: str, by: str) -> None:
        why = f"cancelled by {by}"
        self._end(replace(self.job(id), reason=Reason.OPERATOR, why=why), State.CANCELLED)

    def pause(self, id: str, why: str) -> None:
        """By an operator, or by an answer that says that the configuration is wrong."""
        self._book.put(self.job(id).become(State.PAUSED, why=why))
        self._means.telemetry.emit("file-job.paused", job=id, reason=why)

    def go_on(self, job: FileJob, *, redoes: bool = False) -> None:
        """It waits for its place among those at work, with what it has.

        `redoes`: without the chunks in which records failed.
        """
        facts = {"reason": None, "why": "", "ended_at": None, "vain_starts": 0}
        self._book.put(job.become(State.WAITING, redoes=redoes or job.redoes, **facts))
        self._asked()

    def _end(self, job: FileJob, state: State) -> None:
        now, means = self._means.clock.now(), self._means
        job = job.become(state, ended_at=now, redoes=False, is_swept=False)
        told_of: Sequence[Event] = ()
        if state is State.COMPLETED:
            told_of = self._told(job, events.completed(job, means.broker, now))
        elif state in (State.FAILED, State.CANCELLED):
            told_of = self._told(job, events.failed(job, means.broker, now))
        self._book.put(job, (), told_of)
        means.telemetry.emit(
            "file-job.ended",
            job=job.id,
            trigger=job.trigger,
            state=state.value,
            ok=job.counts.ok,
            failed=job.failed,
            why=job.why,
        )
        self._pace.end(job.id)
        self._ended(job)

    def _told(self, job: FileJob, event: Event) -> Sequence[Event]:
        """Of the job itself: not where only its records are told of."""
        sink = self._means.sink_of(job.trigger)
        return (event,) if sink is None or sink.spec.progress.tells_job else ()
