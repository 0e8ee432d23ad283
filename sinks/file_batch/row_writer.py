"""The contract of a writer: results of chunks to parts, parts to a file; and its kinds."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from broker.errors import Invalid
from broker.registry import load
from sinks.file_batch.record import Chunk, Reader
from sinks.file_batch.results import Results
from sinks.file_batch.spec import Format, OutputFormat, ReadSpec, WriteSpec

Part = Callable[[], Iterator[bytes]]
"""Reads one part from its beginning, in blocks."""

WRITERS = {
    "csv": "sinks.file_batch.csv_writer:CsvWriter",
    "jsonl": "sinks.file_batch.json_writer:JsonWriter",
    "json": "sinks.file_batch.json_writer:JsonWriter",
    "parquet": "sinks.file_batch.table_writer:TableWriter",
}
PREDICTION = "prediction"
ROW_BYTES_MAX = 128 * 1024 * 1024  # a record of the input, and what was made of it
_SAME: dict[Format, OutputFormat] = {
    "csv": "csv", "jsonl": "jsonl", "json": "json", "parquet": "parquet", "arrow": "parquet",
}  # fmt: skip


class Writer(Protocol):
    """For the results of one reader.

    A record that failed keeps its row, without a prediction; one that could not be read, or that
    is skipped, has none. `row_end` is what stands behind each row of a part. `reads_back` is how
    the file is read again, a record for each row; None: not by its rows.
    """

    @property
    def row_end(self) -> bytes: ...

    @property
    def reads_back(self) -> ReadSpec | None: ...

    def part(self, chunk: Chunk, results: Results) -> bytes:
        """The rows of one chunk, in their order. Pure."""
        ...

    def joined(self, parts: Sequence[Part]) -> Iterator[bytes]:
        """The whole file, of parts in the order of their rows. Blocking, as the parts are.

        A part may be what `part` gave for several chunks, one after the other.
        """
        ...


def output_format(read: Format, write: WriteSpec) -> OutputFormat:
    """What is written for an input of format `read`."""
    return write.format or _SAME.get(read, "jsonl")


def make_writer(
    reader: Reader, read: ReadSpec, write: WriteSpec, keeps_failed: bool = True
) -> Writer:
    """`keeps_failed` False: records that failed get no row. Raises Invalid for what cannot be."""
    kind = output_format(reader.format, write)
    if write.join == "key" and read.key_field is None and reader.format not in ("images", "zip"):
        raise Invalid(
            "rows are to have a key, and no field is one",
            code="no-key",
            where="write.join",
            remedy="name it in read.keyField, or write join: input",
        )
    writer: Writer = load(WRITERS, kind, extra="files")(reader, read, write, keeps_failed)
    return writer


def prediction_name(fields: Sequence[str]) -> str:
    """The name of the column of predictions, one that the input does not have."""
    name = PREDICTION
    while name in fields:
        name += "_"
    return name
