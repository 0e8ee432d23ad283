"""What chunks have come to, held until so many are written together and noted."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Protocol

from broker.event import Event
from triggers.file_jobs.chunk_row import ChunkRow
from triggers.file_jobs.job import FileJob
from triggers.file_jobs.opened import Made, OpenedFile
from triggers.file_jobs.tally import counted
from triggers.file_jobs.threads import Threads

HELD_BYTES_MAX = 8 * 1024 * 1024  # of rows and errors; beyond it they are written, few or not


class Notebook(Protocol):
    """Who keeps the job."""

    def job(self, id: str) -> FileJob: ...

    async def done(
        self, id: str, row: ChunkRow, told: tuple[str, str | None], records: Sequence[Event]
    ) -> FileJob: ...


class Notes:
    """Of one job. `told` gives the model and its version; `chunks_max` 1: each chunk at once.

    What is held when the process dies is done again. `on_put` hears of each row.
    """

    def __init__(
        self,
        id: str,
        opened: OpenedFile,
        notebook: Notebook,
        threads: Threads,
        told: Callable[[], tuple[str, str | None]],
        on_put: Callable[[ChunkRow], None],
    ) -> None:
        self._id = id
        self._opened = opened
        self._notebook = notebook
        self._threads = threads
        self._told = told
        self._on_put = on_put
        self._chunks_max = opened.spec.progress.checkpoint_chunks
        self._held: dict[int, Made] = {}

    async def add(self, made: Made) -> None:
        self._held[made.start.number] = made
        held_bytes = sum(len(one.rows) + len(one.errors) for one in self._held.values())
        if len(self._held) >= self._chunks_max or held_bytes >= HELD_BYTES_MAX:
            await self.put()

    async def put(self) -> None:
        """Write and note all that is held: neighbours as one part, others each for itself."""
        held, self._held = self._held, {}
        for run in runs_of(sorted(held)):
            several = [held[number] for number in run]
            row = await self._threads.call(self._opened.put, several)
            self._on_put(row)
            records = [event for made in several for event in made.events]
            await self._notebook.done(self._id, row, self._told(), records)

    def job(self) -> FileJob:
        """The job with what is held: its bounds count that too."""
        job = self._notebook.job(self._id)
        return counted(job, self._held.values(), before=job)


def runs_of(numbers: Sequence[int]) -> list[list[int]]:
    """Ascending numbers as runs without a gap."""
    grouped = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    return [[number for _, number in run] for _, run in grouped]
