"""Adding up what chunks came to. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from sinks.file_batch.results import Counts
from triggers.file_jobs.chunk_row import ChunkRow
from triggers.file_jobs.job import NOTHING, FileJob


def counted(job: FileJob, rows: Iterable[ChunkRow], before: FileJob | None = None) -> FileJob:
    """`job` with what `rows` say, on top of `before`; None: with nothing else."""
    chunks, records, position, counts = 0, 0, 0, NOTHING
    if before is not None:
        chunks, records, position = before.chunks, before.rows, before.position
        counts = before.counts
    for row in rows:
        chunks += 1
        records += row.rows
        position += row.end.position - row.start.position
        counts = Counts(*(one + more for one, more in zip(counts, row.counts, strict=True)))
    return replace(job, chunks=chunks, rows=records, position=position, counts=counts)
