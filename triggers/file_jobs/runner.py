"""One job at work: open, see what is done already, chunk after chunk, join, say so.

open → resume (chunks whose parts are whole) → read → predict → put the part → note its chunks →
join → manifest → end. What dies between two of these is done again by the next process.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from broker.clock import Clock
from broker.delivery import Reason
from broker.errors import Conflict, Denied, Invalid, Unavailable
from broker.event import Event
from sinks.file_batch.manifest import JobFacts, Output
from sinks.file_batch.record import BEGINNING, Chunk, Mark
from sinks.file_batch.results import Results
from sinks.file_batch.sink import FileBatchSink
from triggers.file_jobs.calls import Calls
from triggers.file_jobs.chunk_row import ChunkRow
from triggers.file_jobs.ends import JobFails, JobPauses, JobStops, JobSuperseded, first_of
from triggers.file_jobs.job import FileJob
from triggers.file_jobs.judging import Verdict, bound_of, overdue, seconds_left
from triggers.file_jobs.noting import Notes
from triggers.file_jobs.opened import Commit, OpenedFile, Prepared, open_file
from triggers.file_jobs.table_calls import predict_table
from triggers.file_jobs.tally import counted
from triggers.file_jobs.threads import Threads

CHUNKS_AT_ONCE = 2  # while one is written the calls of the next are made
STORE_TRIES = 4
STORE_WAIT_SECONDS = 2.0  # before the second try; then four times as long each time


class Keeper(Protocol):
    """Who keeps jobs, as one at work sees it. What is noted is durable soon, in its order."""

    def job(self, id: str) -> FileJob: ...

    def chunks(self, id: str) -> AsyncIterator[Sequence[ChunkRow]]:
        """The rows of all chunks that are done, in pages."""
        ...

    def begin(self, job: FileJob, dropped: Sequence[ChunkRow]) -> None:
        """It goes on from there, whatever was known of it before, and without these rows."""
        ...

    async def done(
        self, id: str, row: ChunkRow, told: tuple[str, str | None], records: Sequence[Event]
    ) -> FileJob:
        """More chunks are durable, predicted by this model and version.

        `records` are told of them; then it gives back when they are on disk.
        """
        ...

    def complete(self, id: str, commit: Commit) -> None: ...

    def fail(self, id: str, verdict: Verdict) -> None: ...

    def pause(self, id: str, why: str) -> None: ...

    def supersede(self, id: str, why: str) -> None: ...

    def is_stopping(self, id: str) -> bool:
        """Whether no chunk is to be begun: somebody has paused it, or the process ends."""
        ...


@dataclass(slots=True)
class Done:
    """Which chunks are done, by number, in which parts, and where to go on."""

    numbers: set[int] = field(default_factory=set)
    parts: list[int] = field(default_factory=list)  # in the order in which they were written
    with_errors: set[int] = field(default_factory=set)  # of the parts
    start: Mark = BEGINNING

    def note(self, row: ChunkRow) -> None:
        """`start` goes on where rows come in the order of their chunks."""
        self.numbers.update(row.numbers)
        self.parts.append(row.number)
        if row.has_errors:
            self.with_errors.add(row.number)
        if row.number == self.start.number:
            self.start = row.end


class Runner:
    def __init__(
        self,
        id: str,
        sink: FileBatchSink,
        keeper: Keeper,
        threads: Threads,
        clock: Clock,
        calls_of: Callable[[FileJob, FileBatchSink], Calls],
    ) -> None:
        self._id = id
        self._sink = sink
        self._keeper = keeper
        self._threads = threads
        self._clock = clock
        self._redoes = keeper.job(id).redoes
        self._calls = calls_of(keeper.job(id), sink)

    async def run(self) -> None:
        """Until the job ends, pauses or is stopped; then the keeper has been told."""
        keeper, job = self._keeper, self._id
        try:
            await self._in_time()
        except JobFails as stop:
            keeper.fail(job, stop.verdict)
        except JobPauses as stop:
            keeper.pause(job, stop.why)
        except JobSuperseded as stop:
            keeper.supersede(job, stop.why)
        except Conflict as error:
            keeper.supersede(job, str(error))
        except (Invalid, Denied) as error:
            keeper.fail(job, Verdict(Reason.BAD_INPUT, str(error)))

    async def _in_time(self) -> None:
        """Bounded by the job's deadline, and by the tries that a store gets."""
        limits = self._sink.spec.limits
        left = seconds_left(self._keeper.job(self._id), limits, self._clock.now())
        try:
            async with asyncio.timeout(left) as bound:
                await self._patiently()
        except TimeoutError as error:
            if not bound.expired():
                raise
            raise JobFails(overdue(limits)) from error

    async def _patiently(self) -> None:
        wait_seconds = STORE_WAIT_SECONDS
        for attempt in range(1, STORE_TRIES + 1):
            try:
                await self._work()
            except Unavailable as error:
                if attempt == STORE_TRIES:
                    raise JobFails(Verdict(Reason.ATTEMPTS, str(error))) from error
                await asyncio.sleep(wait_seconds)
                wait_seconds *= 4.0
            else:
                return

    async def _work(self) -> None:
        job = self._keeper.job(self._id)
        opened = await self._threads.call(open_file, job, self._sink)
        committed = await self._threads.call(opened.committed, job.id)
        if committed is not None:  # the last process died after the manifest
            self._keeper.complete(job.id, committed)
            return
        done = await self._resume(opened)
        if await self._read(opened, done):
            await self._finish(opened, done)

    async def _resume(self, opened: OpenedFile) -> Done:
        """What earlier runs have done of it. A job's first run removes what others left."""
        done, job = Done(), counted(self._keeper.job(self._id), ())
        dropped: list[ChunkRow] = []
        async for page in self._keeper.chunks(self._id):
            kept = [row for row in page if not (self._redoes and row.counts.ok < row.rows)]
            whole = await self._threads.call(opened.whole, kept)
            job = counted(job, whole, before=job)
            for row in whole:
                done.note(row)
            dropped += [row for row in page if not done.numbers.issuperset(row.numbers)]
        if not done.numbers:
            await self._threads.call(opened.parts.remove)
        self._keeper.begin(job, dropped)
        return done

    async def _read(self, opened: OpenedFile, done: Done) -> bool:
        """Every chunk to its part; False where somebody has stopped it on its way."""
        notes = Notes(self._id, opened, self._keeper, self._threads, self._told, done.note)
        is_whole = False
        try:
            async with asyncio.TaskGroup() as group:
                is_whole = await self._begin_each(group, opened, notes, done)
        except BaseExceptionGroup as failed:
            stop = first_of(failed)
            if isinstance(stop, JobStops):
                await notes.put()  # what ends it says how much of it is done
            raise stop from failed
        await notes.put()
        return is_whole and not self._keeper.is_stopping(self._id)

    async def _begin_each(
        self, group: asyncio.TaskGroup, opened: OpenedFile, notes: Notes, done: Done
    ) -> bool:
        slots = asyncio.Semaphore(CHUNKS_AT_ONCE)
        before = frozenset(done.numbers)
        chunks = opened.reader.chunks(done.start)
        while (following := await self._threads.call(_next, chunks, opened)) is not None:
            chunk, prepared = following
            if chunk.start.number in before:
                continue
            await slots.acquire()
            if self._keeper.is_stopping(self._id):
                return False
            group.create_task(self._chunk(opened, chunk, prepared, notes, slots))
        return True

    async def _chunk(
        self,
        opened: OpenedFile,
        chunk: Chunk,
        prepared: Prepared,
        notes: Notes,
        slots: asyncio.Semaphore,
    ) -> None:
        results = Results([])
        if prepared.rows:
            results = await self._predicted(prepared)
        now = self._clock.now()
        await notes.add(await self._threads.call(opened.make, chunk, prepared, results, now))
        slots.release()
        spec = self._sink.spec
        if (verdict := bound_of(notes.job(), spec.failure, spec.limits)) is not None:
            raise JobFails(verdict)

    async def _predicted(self, prepared: Prepared) -> Results:
        found = await predict_table(self._calls, prepared)
        if found is not None:
            return found
        return await self._calls.predict(await self._threads.call(prepared.records))

    def _told(self) -> tuple[str, str | None]:
        """The model and its version, as its answers have said."""
        return self._calls.told.model, self._calls.told.version

    async def _finish(self, opened: OpenedFile, done: Done) -> None:
        """The files, then their manifest: from then on the job is complete."""
        outputs = await self._threads.call(opened.join, done.parts, done.with_errors)
        job = self._keeper.job(self._id)
        facts = self._facts(job, outputs)
        manifest = await self._threads.call(opened.parts.commit, facts)
        commit = Commit(job.rows, job.counts, job.model, job.version, (*outputs, manifest))
        self._keeper.complete(job.id, commit)

    def _facts(self, job: FileJob, outputs: Sequence[Output]) -> JobFacts:
        now = self._clock.now()
        return JobFacts(
            job_id=job.id,
            source=job.source,
            head=job.head,
            rows=job.rows,
            counts=job.counts,
            model=job.model,
            started=job.started_at or now,
            ended=now,
            outputs=outputs,
            version=job.version,
            options=self._sink.spec.written,
        )


def _next(chunks: Iterator[Chunk], opened: OpenedFile) -> tuple[Chunk, Prepared] | None:
    chunk = next(chunks, None)
    return None if chunk is None else (chunk, opened.prepare(chunk))
