"""The file jobs of one partition at work: which may begin, and when one is stopped."""

import asyncio

from broker.delivery import Reason
from sinks.file_batch.sink import FileBatchSink
from sinks.sink import Sink
from triggers.file_jobs import events
from triggers.file_jobs.admission import Admission
from triggers.file_jobs.book import Book
from triggers.file_jobs.calls import Calls
from triggers.file_jobs.job import AT_WORK, FileJob, State
from triggers.file_jobs.judging import VAIN_STARTS_MAX, Verdict
from triggers.file_jobs.living import Living
from triggers.file_jobs.means import Means
from triggers.file_jobs.options import options_of
from triggers.file_jobs.pace import Pace
from triggers.file_jobs.requests import Origin
from triggers.file_jobs.runner import Runner
from triggers.file_jobs.steps import Steps
from triggers.file_jobs.sweeping import Sweeper
from triggers.file_jobs.threads import Threads
from triggers.file_jobs.waking import wake

JOBS_AT_ONCE = 4
OPEN_JOBS_MAX = 1_000  # beyond it events wait in the log
LOOK_SECONDS = 0.5  # at what nobody tells: a trigger that was paused, changed or removed
GONE = "its trigger is no longer there, or has another sink"
CHANGED = "its files are read or written in another way by now"


class Jobs:
    """Which may begin, and the runners of those that have; what becomes of them are `steps`."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.book = Book(means)
        self.threads = Threads()
        self.pace = Pace(means.clock.monotonic)
        self.sweeper = Sweeper(self.book, means, self.threads)
        self._admission = Admission(means.clock, Living(means).waits)
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._models: dict[str, Sink] = {}  # of those at work
        self._others: set[asyncio.Task[None]] = set()
        self._asked = asyncio.Event()
        self.steps = Steps(means, self.book, self.pace, self.ask, self._has_ended)

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
            self.steps.fail(job.id, Verdict(Reason.POISON, why))

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

    @property
    def models(self) -> set[Sink]:
        """What those at work call: also one that a reload has put out of use."""
        return set(self._models.values())

    @property
    def is_full(self) -> bool:
        return sum(job.is_open for job in self.book.jobs.values()) >= OPEN_JOBS_MAX

    def job(self, id: str) -> FileJob:
        return self.book.jobs[id]

    def cancel(self, id: str, by: str) -> None:
        self.steps.cancel(id, by)
        if (task := self._at_work.get(id)) is not None:
            task.cancel()

    def _look(self) -> None:
        """What has become of the triggers of those that have not ended."""
        for job in [one for one in self.book.jobs.values() if one.state in AT_WORK]:
            sink = self._means.sink_of(job.trigger)
            if sink is None:
                self.steps.fail(job.id, Verdict(Reason.CONFIG, GONE))
            elif options_of(sink.spec) != job.options:
                self.steps.supersede(job.id, CHANGED)
            else:
                continue
            if (task := self._at_work.get(job.id)) is not None:
                task.cancel()

    def _begin_those_that_may(self) -> None:
        if self.steps.is_stopping_all or self._means.is_held():
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
        runner = Runner(job.id, sink, self.steps, self.threads, means.clock, self._calls_of)
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

    def _has_ended(self, job: FileJob) -> None:
        task = asyncio.get_running_loop().create_task(wake(job, self._means))
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        self.ask()

    async def stop(self) -> None:
        """Begin nothing more and leave what is under way: it is done again from its last chunk."""
        self.steps.is_stopping_all = True
        tasks = [*self._at_work.values(), *self._others]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.threads.close()
