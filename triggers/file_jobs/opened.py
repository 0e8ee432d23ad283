"""The files of a job at work: what it reads, where it writes. Blocking: called in a thread."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from broker.event import Event
from sinks.file_batch.finalising import Parts
from sinks.file_batch.manifest import Output
from sinks.file_batch.names import Names, names_for
from sinks.file_batch.opening import head_of, open_reader
from sinks.file_batch.place import Place, parse_place
from sinks.file_batch.record import Chunk, Mark, Reader
from sinks.file_batch.results import Counts, Results, count, error_rows
from sinks.file_batch.row_writer import Writer, make_writer, output_format
from sinks.file_batch.selecting import Sent, select
from sinks.file_batch.sink import FileBatchSink
from sinks.file_batch.spec import FileBatchSpec, ReadSpec
from sinks.file_batch.store import Store, Stored, no_file, open_store
from triggers.file_jobs.chunk_row import ChunkRow
from triggers.file_jobs.earlier import Again, Earlier, earlier_of
from triggers.file_jobs.ends import JobSuperseded
from triggers.file_jobs.job import FileJob
from triggers.file_jobs.record_events import record_events
from triggers.file_jobs.requests import Record, record_of

MANIFEST_BYTES_MAX = 1024 * 1024
JSON_GROWTH_MAX = 6  # of a cell of a CSV with its delimiter: a control character is \u0000


class Prepared(NamedTuple):
    """What is sent of a chunk; `again`: only what had failed before is.

    `bytes_most` is what a table's columns come to as JSON, or more; None: that is to be measured.
    """

    sent: Sent
    rows: Sequence[int]
    again: Again | None = None
    bytes_most: int | None = None

    def records(self) -> Sequence[Record]:
        return [record_of(*pair) for pair in zip(self.rows, self.sent.values, strict=True)]

    def record_at(self, at: int) -> Record:
        """One row of a table."""
        columns = self.sent.columns or {}
        return record_of(self.rows[at], {name: column[at] for name, column in columns.items()})


class Made(NamedTuple):
    """What came of a chunk, as it is written: its rows, its errors, an event for each record."""

    start: Mark
    end: Mark
    counts: Counts
    rows: bytes
    errors: bytes
    events: Sequence[Event]


class Commit(NamedTuple):
    """What a manifest says that an earlier end of this job has left."""

    rows: int
    counts: Counts
    model: str
    version: str | None
    outputs: Sequence[Output]


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """One job's input, and what is written of it."""

    job: FileJob  # as it was then
    spec: FileBatchSpec
    read: ReadSpec
    reader: Reader
    writer: Writer
    names: Names
    parts: Parts
    store: Store  # of what is written
    earlier: Earlier | None = None  # what a job that was complete has written

    def prepare(self, chunk: Chunk) -> Prepared:
        again = None if self.earlier is None else self.earlier.of(chunk)
        sent = chunk if again is None else again.chunk
        bytes_most = JSON_GROWTH_MAX * sum(map(len, sent.raws)) if sent.raws else None
        return Prepared(select(sent, self.read), sent.rows, again, bytes_most)

    def make(self, chunk: Chunk, prepared: Prepared, results: Results, now: datetime) -> Made:
        """What is written of a chunk, and told of its records where that is asked for."""
        failure, keys, again = self.spec.failure, prepared.sent.keys, prepared.again
        sent = chunk if again is None else again.chunk
        if again is None:
            rows = self.writer.part(chunk, results)
        else:
            rows = again.rows(self.writer, results)
        errors = error_rows(sent, results, keys, failure)
        events: Sequence[Event] = ()
        if self.spec.progress.tells_records:
            events = record_events(self.job, sent, keys, results, now)
        counts = count(sent, results, failure)
        if again is not None:
            counts = again.counts(counts)
        return Made(chunk.start, chunk.end, counts, rows, errors, events)

    def put(self, several: Sequence[Made]) -> ChunkRow:
        """Write what came of chunks that are neighbours; it is durable when this gives back."""
        first, last = several[0], several[-1]
        errors = b"".join(made.errors for made in several)
        rows = b"".join(made.rows for made in several)
        part = self.parts.put(first.start.number, rows, errors)
        counts = Counts(*map(sum, zip(*(made.counts for made in several), strict=True)))
        return ChunkRow(first.start, last.end, counts, part, bool(errors))

    def whole(self, rows: Iterable[ChunkRow]) -> list[ChunkRow]:
        """Those whose parts are there, with the bytes that were written."""
        return [row for row in rows if self._is_whole(row)]

    def _is_whole(self, row: ChunkRow) -> bool:
        if row.has_errors and self.store.head(self.names.part_errors(row.number).path) is None:
            return False
        return self.parts.is_there(row.number, row.part)

    def join(self, parts: Sequence[int], with_errors: Iterable[int]) -> Sequence[Output]:
        """Make the files of all parts, in the order of their rows; or as they were written.

        Errors are always in the order of their rows.
        """
        order = sorted(parts) if self.spec.write.order == "input" else parts
        return self.parts.join(self.writer, order, sorted(with_errors))

    def committed(self, job: str) -> Commit | None:
        """What the manifest says, where this very job has written one."""
        return commit_of(self.store, self.names.manifest, job)


def commit_of(store: Store, manifest: Place, job: str) -> Commit | None:
    """What the manifest of job `job` says; None where there is none, or another job's."""
    found = manifest_at(store, manifest)
    if found is None or found.get("jobId") != job:
        return None
    try:
        outputs = [
            Output(_place(each["place"], manifest), Stored(each["bytes"], each["sha256"]))
            for each in found["outputs"]
        ]
        data = b"".join(store.read(manifest.path))
        outputs.append(Output(manifest, Stored(len(data), sha256(data).hexdigest())))
        counts = Counts(found["ok"], found["failed"], found["skipped"])
        return Commit(found["rows"], counts, found["model"], found["version"], outputs)
    except (KeyError, TypeError):  # somebody else's file of that name
        return None


def manifest_at(store: Store, manifest: Place) -> dict[str, Any] | None:
    """What lies there; None where that is nothing, or nothing of ours."""
    head = store.head(manifest.path)
    if head is None or head.size_bytes > MANIFEST_BYTES_MAX:
        return None
    try:
        found = orjson.loads(b"".join(store.read(manifest.path)))
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _place(text: str, manifest: Place) -> Place:
    return parse_place(text) if "://" in text else manifest.beside(text)


def open_file(job: FileJob, sink: FileBatchSink) -> OpenedFile:
    """Raises JobSuperseded where the file is another one by now, and what stores raise."""
    store = open_store(job.source, sink.access)
    head = head_of(store, job.source.path)
    if head is None:
        raise no_file(str(job.source))
    if head.identity != job.head.identity:
        raise JobSuperseded("the file has been overwritten")
    spec = sink.spec
    read = read_of(spec.read)
    reader = open_reader(store, job.source.path, head, read)
    names = names_of(job.source, reader, spec)
    home = open_store(names.parts, sink.access)
    keeps_failed = spec.failure.on_record_error != "skip"
    writer = make_writer(reader, read, spec.write, keeps_failed)
    opened = OpenedFile(job, spec, read, reader, writer, names, Parts(home, names), home)
    return replace(opened, earlier=_earlier(opened))


def _earlier(opened: OpenedFile) -> Earlier | None:
    """Where the errors of a job that was complete are tried again."""
    counts, read = opened.job.earlier, opened.writer.reads_back
    if counts is None or counts.skipped or read is None or opened.spec.write.order != "input":
        return None
    return earlier_of(opened.store, opened.names, opened.job.outputs, counts, read)


def read_of(read: ReadSpec) -> ReadSpec:
    """How the files are read: those that a manifest names are no manifests themselves."""
    return replace(read, format=None) if read.format == "manifest" else read


def names_of(source: Place, reader: Reader, spec: FileBatchSpec) -> Names:
    """Raises Invalid where results can be written nowhere."""
    made = output_format(reader.format, spec.write)
    return names_for(source, spec.write, made, spec.match.prefix)
