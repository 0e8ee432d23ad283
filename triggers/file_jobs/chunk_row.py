"""The record of chunks that are durable: where they lie, what came of them, their part. Pure."""

from typing import NamedTuple

import orjson

from broker.storage.rows import Record
from sinks.file_batch.record import Mark
from sinks.file_batch.results import Counts
from sinks.file_batch.store import Stored

PREFIX = "file-chunk/"


class ChunkRow(NamedTuple):
    """Of one chunk, or of several neighbours that were written together.

    `start` and `end` are marks of the reader; `part` what was written of the rows between.
    """

    start: Mark
    end: Mark
    counts: Counts
    part: Stored
    has_errors: bool  # there is a part of errors too

    @property
    def number(self) -> int:
        """Of its first chunk; its part is called so."""
        return self.start.number

    @property
    def numbers(self) -> range:
        return range(self.start.number, self.end.number)

    @property
    def rows(self) -> int:
        return self.end.row - self.start.row


def prefix_of(job: str) -> str:
    return f"{PREFIX}{job}/"


def record_of(job: str, row: ChunkRow) -> Record:
    written = orjson.dumps([row.start, row.end, row.counts, row.part, row.has_errors], list)
    return Record(key_of(job, row.number), written)


def key_of(job: str, number: int) -> str:
    """Keys are in the order of the chunks."""
    return f"{prefix_of(job)}{number:09}"


def decode(value: bytes) -> ChunkRow:
    start, end, counts, part, has_errors = orjson.loads(value)
    return ChunkRow(Mark(*start), Mark(*end), Counts(*counts), Stored(*part), has_errors)
