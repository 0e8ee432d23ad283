"""Records of a file and the chunks that they are cut into. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from typing import Any, NamedTuple, Protocol

from broker.errors import Invalid
from sinks.file_batch.spec import Format

CHUNK_RECORDS = 1_024
CHUNK_BYTES_MAX = 8 * 1024 * 1024  # a chunk ends before the record that would go beyond it
SHOWN_BYTES_MAX = 4_096  # of a record that cannot be read

Value = object
"""What a call is about: a JSON value, or bytes (an image, a member of an archive).

Large ones (tensors) are JSON that is written already, an `orjson.Fragment`.
"""


class Mark(NamedTuple):
    """Where chunk `number` (from 0) begins, to read from there again.

    `position` is a byte of the plain stream (after decompressing), a row of a table, or the
    number of an archive's member; `row` is how many records lie before it, bad ones included.
    """

    number: int = 0
    position: int = 0
    row: int = 0


BEGINNING = Mark()


class BadRecord(NamedTuple):
    """A record that cannot be read. `row` counts from 1; `text` is its beginning."""

    row: int
    offset: int
    why: str
    text: bytes


@dataclass(frozen=True)
class Chunk:
    """The records from `start` to before `end`: those to be sent, in order, and the bad ones.

    `rows`, `offsets`, `values` and what else is given (`raws`: the bytes as they stand in the
    file, without the line end; `names`: of members; `batch`: Arrow's) are equally long. `columns`
    are the values of a table by name, `listed` those of anything else.
    """

    start: Mark
    end: Mark
    rows: Sequence[int]
    offsets: Sequence[int]
    bad: Sequence[BadRecord] = ()
    raws: Sequence[bytes] = ()
    columns: Mapping[str, Sequence[Value]] | None = None
    listed: Sequence[Value] = ()
    names: Sequence[str] = ()
    batch: Any = None

    @cached_property
    def values(self) -> Sequence[Value]:
        """A JSON object (or whatever else the record is) for each."""
        if self.columns is None:
            return self.listed
        return objects(self.columns)

    @property
    def records(self) -> int:
        """How many records it is about, bad ones included."""
        return self.end.row - self.start.row


def only(chunk: Chunk, places: Sequence[int]) -> Chunk:
    """Of the records to be sent those at `places`; without `batch`. The bad ones stay."""

    def at_places(column: Sequence[Any]) -> list[Any]:
        return [column[at] for at in places] if column else []

    columns = chunk.columns
    return replace(
        chunk,
        rows=at_places(chunk.rows),
        offsets=at_places(chunk.offsets),
        raws=at_places(chunk.raws),
        columns=None if columns is None else {name: at_places(columns[name]) for name in columns},
        listed=at_places(chunk.listed),
        names=at_places(chunk.names),
        batch=None,
    )


def objects(columns: Mapping[str, Sequence[Value]]) -> list[Value]:
    """The rows of a table as JSON objects; there are as many values in each column."""
    rows = zip(*columns.values(), strict=True)
    return list(map(dict, map(zip, repeat(tuple(columns)), rows)))


class Reader(Protocol):
    """One file, opened. `fields` are a table's columns, None where records have no common ones.

    `line_end` is the input's own. Blocking, and not for two threads at once.
    """

    @property
    def format(self) -> Format: ...

    @property
    def fields(self) -> Sequence[str] | None: ...

    @property
    def line_end(self) -> bytes: ...

    def chunks(self, start: Mark = BEGINNING) -> Iterator[Chunk]:
        """The chunks from `start`, which is any chunk's `start` or `end`, to the end of the file.

        The same file and options always give the same chunks, wherever it is begun. Raises
        Invalid(code="broken-file") where nothing behind can be read any more, what the store
        raises, and Conflict(code="input-changed").
        """
        ...


def broken_file(why: str, where: str) -> Invalid:
    return Invalid(why, code="broken-file", where=where, remedy="mend the file and send it again")
