"""What an earlier end of a job has written, row by row: so that only what had failed is predicted.

Blocking. Told from its outputs alone, because the parts of a job that is complete are gone.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from broker.errors import Conflict, Invalid, Unavailable
from sinks.file_batch.manifest import Output
from sinks.file_batch.names import Names
from sinks.file_batch.opening import open_reader
from sinks.file_batch.place import Place
from sinks.file_batch.record import Chunk, Reader, only
from sinks.file_batch.results import UNREADABLE, Counts, Results
from sinks.file_batch.row_writer import Writer
from sinks.file_batch.spec import ReadSpec
from sinks.file_batch.store import Store

_ERRORS = ReadSpec("jsonl", "none", record_bytes_max=1024 * 1024)


class Again(NamedTuple):
    """Of a chunk: `chunk` has the records that had failed, `places` says which of all they are.

    `lines` are the rows of all of its records, as they were written.
    """

    chunk: Chunk
    places: Sequence[int]
    lines: Sequence[bytes]

    def rows(self, writer: Writer, results: Results) -> bytes:
        """All rows, those that had failed as `results` has them now."""
        lines = [line + writer.row_end for line in self.lines]
        for at, place in enumerate(self.places):
            failures = {0: results.failures[at]} if at in results.failures else {}
            made = Results([results.predictions[at]], failures)
            lines[place] = writer.part(only(self.chunk, [at]), made)
        return b"".join(lines)

    def counts(self, found: Counts) -> Counts:
        """`found` of the records that had failed, with those that had not."""
        return found._replace(ok=found.ok + len(self.lines) - len(self.places))


class Earlier:
    """To be asked for the chunks of the input in their order; some may be left out."""

    def __init__(self, output: Reader, errors: Reader | None) -> None:
        self._lines = (raw for chunk in output.chunks() for raw in chunk.raws)
        self._errors = _errors_of(errors)
        self._waiting: tuple[int, bool] | None = None
        self._row = 0  # of the input, up to which all has been asked for

    def of(self, chunk: Chunk) -> Again:
        try:
            if (gap := chunk.start.row - self._row) > 0:
                unreadable = sum(is_bad for _, is_bad in self._errors_up_to(chunk.start.row))
                next(islice(self._lines, gap - unreadable, gap - unreadable), None)
            failed = {row for row, is_bad in self._errors_up_to(chunk.end.row) if not is_bad}
            lines = list(islice(self._lines, len(chunk.rows)))
        except Conflict as error:
            what = "what this job has written was changed while it was read"
            remedy = "nothing need be done: it is looked at anew"
            raise Unavailable(what, where=error.where, remedy=remedy) from error
        self._row = chunk.end.row
        places = [at for at, row in enumerate(chunk.rows) if row in failed]
        return Again(only(chunk, places), places, lines)

    def _errors_up_to(self, row: int) -> Iterator[tuple[int, bool]]:
        while (error := self._waiting or next(self._errors, None)) is not None:
            self._waiting = error
            if error[0] > row:
                return
            self._waiting = None
            yield error


def earlier_of(
    store: Store, names: Names, outputs: Sequence[Output], counts: Counts, read: ReadSpec
) -> Earlier | None:
    """None where they do not tell: changed since, or not of one row for each record.

    `counts` are those of the job that wrote them; `read` is how its output is read.
    """
    try:
        output = _unchanged(store, names.output, outputs, read)
        errors = _unchanged(store, names.errors, outputs, _ERRORS)
        if output is None:
            return None
        failed = unreadable = 0
        for _, is_bad in _errors_of(errors):
            failed, unreadable = failed + (not is_bad), unreadable + is_bad
        is_told = failed + unreadable == counts.failed
        is_whole = is_told and _rows(output) == counts.ok + failed
    except (Invalid, Conflict):
        return None
    return Earlier(output, errors) if is_whole else None


def _unchanged(
    store: Store, place: Place, outputs: Sequence[Output], read: ReadSpec
) -> Reader | None:
    """A reader of what lies at `place`, if it is what the job has written there."""
    stored = next((each.stored for each in outputs if each.place == place), None)
    head = store.head(place.path)
    if stored is None or head is None or head.size_bytes != stored.size_bytes:
        return None
    hashed = sha256()
    for block in store.read(place.path, identity=head.identity):
        hashed.update(block)
    if hashed.hexdigest() != stored.sha256:
        return None
    return open_reader(store, place.path, head, read)


def _rows(output: Reader) -> int:
    """How many there are; fewer than none where one of them cannot be read."""
    rows = 0
    for chunk in output.chunks():
        if chunk.bad:
            return -1
        rows += len(chunk.rows)
    return rows


def _errors_of(errors: Reader | None) -> Iterator[tuple[int, bool]]:
    """The row of each, ascending, and whether it is one that cannot be read."""
    if errors is None:
        return
    for chunk in errors.chunks():
        for value in chunk.values:
            assert isinstance(value, dict), "its hash is that of what was written"
            yield value["row"], value["class"] == UNREADABLE
