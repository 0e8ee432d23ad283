"""The file jobs of one partition: which there are, which are at work, how they come to an end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from broker.delivery import Reason
from broker.event import Event
from sinks.file_batch.sink import FileBatchSink
from sinks.sink import Sink
from sinks.target import Target
from triggers.file_jobs import events
from triggers.file_jobs.admission import Admission
from triggers.file_jobs.book import Book
from triggers.file_jobs.calls import Calls
from triggers.file_jobs.chunk_row import ChunkRow
from triggers.file_jobs.job import AT_WORK, FileJob, State
from triggers.file_jobs.judging import VAIN_STARTS_MAX, Verdict, is_progress_due, share_done
from triggers.file_jobs.means import Means
from triggers.file_jobs.opened import Commit
from triggers.file_jobs.options import options_of
from triggers.file_jobs.pace import Pace
from triggers.file_jobs.requests import Origin
from triggers.file_jobs.runner import Runner
from triggers.file_jobs.sweeping import Sweeper
from triggers.file_jobs.tally import counted
from triggers.file_jobs.threads import Threads
from triggers.file_jobs.waking import wake

JOBS_AT_ONCE = 4
OPEN_JOBS_MAX = 1_000  # beyond it events wait in the log
LOOK_SECONDS = 0.5  # at what nobody tells: a trigger that was paused, changed or removed
GONE = "its trigger is no longer there, or has another sink"
CHANGED = "its files are read or written in another way by now"


class Jobs:
    """Implements `triggers.file_jobs.runner.Keeper`."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.book = Book(means)
        self.threads = Threads()
        self.pace = Pace(means.clock.monotonic)
        self.sweeper = Sweeper(self.book, means, self.threads)
        self._admission = Admission(means.clock, self._lives)
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._models: dict[str, Sink] = {}  # of those at work
        self._others: set[asyncio.Task[None]] = set()
        self._asked = asyncio.Event()
        self._is_stopping = False
        self.records_ok = self.records_failed = 0  # since the process started; for metrics
        self._looked_at = float("-inf")  # for live events, and what was seen
        self._living: set[Target] = set()

    async def load(self) -> None:
        """Take up what earlier processes have left; call it when all triggers have lanes."""
        await self.book.load()
        for job in list(self.book.jobs.values()):
            if job.state is State.RUNNING:  # the process that ran it has died
                self._take_up(job)
        self.ask()

    def _take_up(self, job: FileJob) -> None:
        job = job.become(State.WAITING, vain_starts=job.vain_starts + 1)
        self.book.put(job)
        if job.vain_starts > VAIN_STARTS_MAX:
            why = f"the process has died {VAIN_STARTS_MAX} times over it, with nothing done"
            self.fail(job.id, Verdict(Reason.POISON, why))

    def ask(self) -> None:
        """A job has come, has ended or may go on."""
        self._asked.set()

    async def run(self) -> None:
        """Begin what may begin, until cancelled; without a timer while there is nothing."""
        while True:
            self._asked.clear()
            self._look()
            self._begin_those_that_may()
            await self.sweeper.sweep(self._is_at_work)
            seconds = LOOK_SECONDS if any(job.is_open for job in self.book.jobs.values()) else None
            try:
                async with asyncio.timeout(seconds):
                    await self._asked.wait()
            except TimeoutError:
                continue

    def add(self, job: FileJob) -> None:
        """A new one, or one that begins anew."""
        self.book.put(job, event=events.accepted(job, self._means.broker, self._means.clock.now()))
        self.ask()

    @property
    def models(self) -> set[Sink]:
        """What those at work call: also one that a reload has put out of use."""
        return set(self._models.values())

    @property
    def is_full(self) -> bool:
        return sum(job.is_open for job in self.book.jobs.values()) >= OPEN_JOBS_MAX

    def job(self, id: str) -> FileJob:
        return self.book.jobs[id]

    def chunks(self, id: str) -> AsyncIterator[Sequence[ChunkRow]]:
        return self.book.chunks(id)

    def begin(self, job: FileJob) -> None:
        present = self.job(job.id)  # somebody may have paused it meanwhile
        started_at = job.started_at or self._means.clock.now()
        self.book.put(counted(replace(present, started_at=started_at), (), before=job))
        self.pace.begin(job.id, job.rows, share_done(job) or 0.0)

    def done(self, id: str, row: ChunkRow, told: tuple[str, str | None]) -> FileJob:
        self.records_ok += row.counts.ok
        self.records_failed += row.counts.failed + row.counts.skipped
        now, before = self._means.clock.now(), self.job(id)
        job = counted(before, [row], before=before)
        job = replace(job, model=told[0], version=told[1], vain_starts=0)
        event = None
        sink = self._means.sink_of(job.trigger)
        if sink is not None and is_progress_due(job, sink.spec.progress, now):
            event = self._progress_of(job)
            job = replace(job, told_at=now, told_share=share_done(job) or 0.0)
        self.book.put(job, [row], event)
        return job

    def _progress_of(self, job: FileJob) -> Event:
        rate, left = self.pace.of(job)
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
        if (task := self._at_work.get(id)) is not None:
            task.cancel()

    def pause(self, id: str, why: str) -> None:
        """By an operator, or by an answer that says that the configuration is wrong."""
        self.book.put(self.job(id).become(State.PAUSED, why=why))
        self._means.telemetry.emit("file-job.paused", job=id, reason=why)

    def go_on(self, job: FileJob, *, redoes: bool = False) -> None:
        """It waits for its place among those at work, with what it has.

        `redoes`: without the chunks in which records failed.
        """
        facts = {"reason": None, "why": "", "ended_at": None, "vain_starts": 0}
        self.book.put(job.become(State.WAITING, redoes=redoes or job.redoes, **facts))
        self.ask()

    def is_stopping(self, id: str) -> bool:
        job = self.job(id)
        lane = self._means.lanes.get(job.trigger)
        is_held = self._is_stopping or self._means.is_held()
        return is_held or job.state is not State.RUNNING or lane is None or lane.is_paused

    def _end(self, job: FileJob, state: State) -> None:
        now, means = self._means.clock.now(), self._means
        job = job.become(state, ended_at=now, redoes=False, is_swept=False)
        event = None
        if state is State.COMPLETED:
            event = events.completed(job, means.broker, now)
        elif state in (State.FAILED, State.CANCELLED):
            event = events.failed(job, means.broker, now)
        self.book.put(job, event=event)
        means.telemetry.emit(
            "file-job.ended",
            job=job.id,
            trigger=job.trigger,
            state=state.value,
            ok=job.counts.ok,
            failed=job.failed,
            why=job.why,
        )
        self.pace.end(job.id)
        self._also(wake(job, means))
        self.ask()

    def _look(self) -> None:
        """What has become of the triggers of those that have not ended."""
        for job in [one for one in self.book.jobs.values() if one.state in AT_WORK]:
            sink = self._means.sink_of(job.trigger)
            if sink is None:
                self.fail(job.id, Verdict(Reason.CONFIG, GONE))
            elif options_of(sink.spec) != job.options:
                self.supersede(job.id, CHANGED)
            else:
                continue
            if (task := self._at_work.get(job.id)) is not None:
                task.cancel()

    def _begin_those_that_may(self) -> None:
        if self._is_stopping or self._means.is_held():
            return
        waiting = [job for job in self.book.jobs.values() if job.state is State.WAITING]
        for job in waiting:
            if len(self._at_work) >= JOBS_AT_ONCE:
                return
            lane, sink = self._means.lanes.get(job.trigger), self._means.sink_of(job.trigger)
            if lane is None or sink is None or lane.is_paused or self._is_at_work(job):
                continue
            self._begin(job, sink)

    def _is_at_work(self, job: FileJob) -> bool:
        """Whether one works on the same file: their parts lie in the same place."""
        return any(self.job(one).source == job.source for one in self._at_work)

    def _begin(self, job: FileJob, sink: FileBatchSink) -> None:
        self.book.put(job.become(State.RUNNING))
        means = self._means
        runner = Runner(job.id, sink, self, self.threads, means.clock, self._calls_of)
        task = asyncio.get_running_loop().create_task(runner.run())
        self._at_work[job.id] = task
        self._models[job.id] = sink.model
        task.add_done_callback(lambda ended: self._ended(job.id, ended))

    def _calls_of(self, job: FileJob, sink: FileBatchSink) -> Calls:
        origin = Origin(
            job.trigger,
            job.offset,
            job.step,
            events.source_of(job.trigger, self._means.broker),
            events.subject_of(job),
            job.id,
        )
        return Calls(origin, sink, self._admission, self._means.clock)

    def _ended(self, id: str, task: "asyncio.Task[None]") -> None:
        del self._at_work[id], self._models[id]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._means.defect(error)
        elif id in self.book.jobs and self.job(id).state is State.RUNNING:
            self.book.put(self.job(id).become(State.WAITING))  # stopped on its way
        self.ask()

    def _also(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    def _lives(self, target: Target) -> bool:
        """Whether live events wait for `target`, as it was a moment ago."""
        now = self._means.clock.monotonic()
        if now - self._looked_at > LOOK_SECONDS / 10:
            self._looked_at = now
            self._living = {
                lane.target
                for lane in self._means.lanes.values()
                if lane.queue or lane.retries or lane.held or lane.in_flight
            }
        return target in self._living

    async def stop(self) -> None:
        """Begin nothing more and leave what is under way: it is done again from its last chunk."""
        self._is_stopping = True
        tasks = [*self._at_work.values(), *self._others]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.threads.close()
