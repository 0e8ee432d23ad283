"""Reading tables of Arrow: Parquet files, and Arrow's own files and streams."""

import base64
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyarrow import ipc, parquet

from sinks.file_batch.record import (
    BEGINNING,
    CHUNK_BYTES_MAX,
    CHUNK_RECORDS,
    Chunk,
    Mark,
    Value,
    broken_file,
)
from sinks.file_batch.spec import Format
from sinks.file_batch.store import BLOCK_BYTES, Head, Store
from sinks.file_batch.store_file import buffered


class TableReader:
    """Implements `sinks.file_batch.record.Reader`. A position is a row of the table.

    A chunk never reaches into the next row group or record batch. Rows are decoded column by
    column, so none of them is ever bad, and `read.maxRecordBytes` is not asked.
    """

    line_end = b"\n"

    def __init__(self, store: Store, path: str, head: Head, is_parquet: bool) -> None:
        self.format: Format = "parquet" if is_parquet else "arrow"
        self._path = path
        self._store, self._head = store, head
        self._open = _Parquet if is_parquet else _Arrow
        self.schema = self._opened().schema
        self.fields: Sequence[str] | None = self.schema.names
        if len(set(self.schema.names)) < len(self.schema.names):
            raise broken_file("two columns have the same name", path)

    def chunks(self, start: Mark = BEGINNING) -> Iterator[Chunk]:
        batches = self._opened().batches(start.position)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                raise self._broken(error) from error
            if batch is None:
                return
            row = start.position + batch.num_rows
            end = Mark(start.number + 1, row, row)
            rows = range(start.position + 1, row + 1)
            columns = {
                name: json_values(batch.column(at)) for at, name in enumerate(batch.schema.names)
            }
            yield Chunk(start, end, rows, rows, columns=columns, batch=batch)
            start = end

    def _opened(self) -> "_Parquet | _Arrow":
        try:
            return self._open(buffered(self._store, self._path, self._head))
        except (pa.ArrowException, OSError) as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> Exception:
        return broken_file(f"is no {self.format}: {str(error)[:300]}", self._path)


class _Parquet:
    def __init__(self, file: Any) -> None:
        self._file = parquet.ParquetFile(file, buffer_size=BLOCK_BYTES, pre_buffer=False)
        self.schema = self._file.schema_arrow

    def batches(self, position: int) -> Iterator[Any]:
        metadata = self._file.metadata
        begins_at = 0
        for group in range(metadata.num_row_groups):
            found = metadata.row_group(group)
            if begins_at + found.num_rows > position:
                row_bytes = max(1, found.total_byte_size // max(1, found.num_rows))
                rows_max = max(1, min(CHUNK_RECORDS, CHUNK_BYTES_MAX // row_bytes))
                skipped = max(0, position - begins_at)
                batches = self._file.iter_batches(rows_max, row_groups=[group])
                yield from _behind(batches, skipped, rows_max)
            begins_at += found.num_rows


class _Arrow:
    """A file where it begins and ends as one, else a stream, which is read from the beginning."""

    def __init__(self, file: Any) -> None:
        self._is_file = file.peek(6)[:6] == b"ARROW1"
        self._opened = ipc.open_file(file) if self._is_file else ipc.open_stream(file)
        self.schema = self._opened.schema

    def batches(self, position: int) -> Iterator[Any]:
        begins_at = 0
        for batch in self._each():
            if begins_at + batch.num_rows > position:
                row_bytes = max(1, batch.nbytes // batch.num_rows)
                rows_max = max(1, min(CHUNK_RECORDS, CHUNK_BYTES_MAX // row_bytes))
                yield from _behind([batch], max(0, position - begins_at), rows_max)
            begins_at += batch.num_rows

    def _each(self) -> Iterator[Any]:
        if not self._is_file:
            yield from self._opened
            return
        for number in range(self._opened.num_record_batches):
            yield self._opened.get_batch(number)


def _behind(batches: Any, skipped: int, rows_max: int) -> Iterator[Any]:
    """Slices of `rows_max` rows of what is behind the first `skipped` rows."""
    for batch in batches:
        dropped = min(skipped, batch.num_rows)
        skipped -= dropped
        for at in range(dropped, batch.num_rows, rows_max):
            yield batch.slice(at, rows_max)


def json_values(column: Any) -> Sequence[Value]:
    """A column as JSON values: times as ISO 8601, bytes as base64, decimals as text."""
    values: list[Value] = column.to_pylist()
    kind = column.type
    is_plain = any(
        test(kind)
        for test in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_boolean,
            pa.types.is_string,
            pa.types.is_large_string,
        )
    )
    return values if is_plain else [_json_value(value) for value in values]


def _json_value(value: Any) -> Value:
    if isinstance(value, dict):
        return {str(name): _json_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(inner) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value) if isinstance(value, Decimal) else value
