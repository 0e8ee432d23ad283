"""Adding up what chunks came to. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from sinks.file_batch.record import Mark
from sinks.file_batch.results import Counts
from triggers.file_jobs.job import NOTHING, FileJob


class Covered(Protocol):
    """Chunks one after the other, from `start` to before `end`, and what came of them."""

    @property
    def start(self) -> Mark: ...

    @property
    def end(self) -> Mark: ...

    @property
    def counts(self) -> Counts: ...


def counted(job: FileJob, rows: Iterable[Covered], before: FileJob | None = None) -> FileJob:
    """`job` with what `rows` say, on top of `before`; None: with nothing else."""
    chunks, records, position, counts = 0, 0, 0, NOTHING
    if before is not None:
        chunks, records, position = before.chunks, before.rows, before.position
        counts = before.counts
    for row in rows:
        chunks += row.end.number - row.start.number
        records += row.end.row - row.start.row
        position += row.end.position - row.start.position
        counts = Counts(*(one + more for one, more in zip(counts, row.counts, strict=True)))
    return replace(job, chunks=chunks, rows=records, position=position, counts=counts)
