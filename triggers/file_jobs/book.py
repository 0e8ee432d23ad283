"""The jobs of a partition, in memory and on disk: what is put here is in the next checkpoint."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from broker.delivery import Reason
from broker.event import Cause, Event
from broker.storage.rows import Audit, Record, Reply
from triggers.file_jobs import chunk_row
from triggers.file_jobs.chunk_row import ChunkRow, key_of, prefix_of, record_of
from triggers.file_jobs.job import PREFIX, FileJob, decode, encode
from triggers.file_jobs.means import Means

PAGE_ROWS = 500


class Book:
    """`jobs` by id, in the order in which they were made."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.jobs: dict[str, FileJob] = {}
        self._of_deliveries: dict[tuple[str, int], dict[str, None]] = {}  # ids

    async def load(self) -> None:
        """What earlier processes have left."""
        after, found = "", list[FileJob]()
        while page := await self._means.engine.records.scan(PREFIX, after, PAGE_ROWS):
            found += [decode(key.removeprefix(PREFIX), value) for key, value, _ in page]
            after = page[-1][0]
        found.sort(key=lambda job: (job.created_at, job.offset))
        for job in found:
            self._keep(job)

    def _keep(self, job: FileJob) -> None:
        self.jobs[job.id] = job
        for offset in job.deliveries:
            self._of_deliveries.setdefault((job.trigger, offset), {})[job.id] = None

    def of_delivery(self, trigger: str, offset: int) -> Sequence[FileJob]:
        """Those that wait for it, or did."""
        found = self._of_deliveries.get((trigger, offset), ())
        return [self.jobs[named] for named in found]

    def put(
        self,
        job: FileJob,
        rows: Sequence[ChunkRow] = (),
        told: Sequence[Event] = (),
        records: Sequence[Event] = (),
    ) -> None:
        """`job` as it is now, with rows of chunks that are durable and what is told of it.

        `records` are told of its records.
        """
        ledger = self._means.ledger
        self._keep(job)
        ledger.records += [record_of(job.id, row) for row in rows]
        ledger.records.append(Record(job.key, encode(job)))
        reasons = [self._tell(job, event, is_record=True) for event in records]
        reasons += [self._tell(job, event, is_record=False) for event in told]
        untold = Counter(reason for reason in reasons if reason)
        for reason in untold:  # once for all: of records there may be a thousand
            self._means.telemetry.emit("file-job.untold", job=job.id, reason=reason.value)
        self._means.changed()

    def _tell(self, job: FileJob, event: Event, *, is_record: bool) -> Reason | None:
        """Into the log, as a reply to the delivery that the job was made for: once each.

        Gives why it may not be stored, None otherwise.
        """
        cause = Cause(job.offset, job.trigger)
        told = f"{job.id}/{event.id}"
        admitted = self._means.door.admit_reply(event, cause, told, job.hops, is_record)
        if isinstance(admitted, Reply):
            self._means.ledger.replies.append(admitted)
            return None
        return admitted

    def drop_rows(self, id: str, rows: Sequence[ChunkRow]) -> None:
        """They are no longer true, and what is done instead may be cut in another way."""
        self._means.ledger.records += [Record(key_of(id, row.number), None) for row in rows]

    def audit(self, job: FileJob, verb: str, by: str, reason: str, now: datetime) -> None:
        detail = f"{job.id}: {job.trigger}, {job.source}"
        self._means.ledger.audit.append(Audit(now, by, f"file.{verb}", detail, 1, reason))

    def forget(self, id: str) -> None:
        """Its record goes; its chunks have gone before."""
        job = self.jobs.pop(id)
        for offset in job.deliveries:
            ids = self._of_deliveries[job.trigger, offset]
            del ids[id]
            if not ids:
                del self._of_deliveries[job.trigger, offset]
        self._means.ledger.records.append(Record(PREFIX + id, None))
        self._means.changed()

    async def chunks(self, id: str) -> AsyncIterator[Sequence[ChunkRow]]:
        """The rows of its chunks, ascending, in pages."""
        await self._means.flush()
        prefix, after = prefix_of(id), ""
        while page := await self._means.engine.records.scan(prefix, after, PAGE_ROWS):
            yield [chunk_row.decode(value) for _, value, _ in page]
            after = page[-1][0]

    async def drop(self, id: str) -> None:
        """Remove the rows of its chunks."""
        async for page in self.chunks(id):
            self.drop_rows(id, page)
            self._means.changed()
            await self._means.flush()
