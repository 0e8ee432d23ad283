"""Writing Parquet: parts are Arrow streams, each of its own types, joined under common ones."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import ipc, parquet

from sinks.file_batch.plain import BlockFile
from sinks.file_batch.record import Chunk, Reader, Value
from sinks.file_batch.results import Results
from sinks.file_batch.row_writer import Part, prediction_name
from sinks.file_batch.selecting import Choice, keys_of
from sinks.file_batch.spec import ReadSpec, WriteSpec

GROUP_ROWS = 65_536
GROUP_BYTES_MAX = 16 * 1024 * 1024


class TableWriter:
    """Implements `sinks.file_batch.row_writer.Writer`.

    Columns of an Arrow input keep their types. Values that have no common type, in a part or over
    all of them, become the text of their JSON.
    """

    row_end = b""
    reads_back = None

    def __init__(
        self, reader: Reader, read: ReadSpec, write: WriteSpec, keeps_failed: bool = True
    ) -> None:
        self._join = write.join
        self._key_field = read.key_field
        self._keeps_failed = keeps_failed
        self._inputs = Choice(write.input_filter) if write.input_filter else None
        self._chosen = Choice(write.output_filter) if write.output_filter else None
        self._fields = tuple(reader.fields or ())

    def part(self, chunk: Chunk, results: Results) -> bytes:
        columns = self._input_columns(chunk)
        name = prediction_name(tuple(columns))
        if self._chosen is None:
            columns[name] = to_array(list(results.predictions))
        else:
            chosen = [self._chosen.of(each) for each in results.predictions]
            for each in self._chosen.names:
                values = [value[each] for value in chosen]
                columns[f"{each}_" if each in columns else each] = to_array(values)
        batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        if results.failures and not self._keeps_failed:
            kept = [at not in results.failures for at in range(batch.num_rows)]
            batch = batch.filter(pa.array(kept, pa.bool_()))
        written = io.BytesIO()
        with ipc.new_stream(written, batch.schema) as stream:
            stream.write_batch(batch)
        return written.getvalue()

    def joined(self, parts: Sequence[Part]) -> Iterator[bytes]:
        """The parts are read twice: for their types, then for their rows."""
        schema = _common([each.schema for part in parts for each in _streams(part)])
        written = _Written()
        with parquet.ParquetWriter(written, schema) as writer:
            waiting: list[Any] = []
            for part in parts:
                for stream in _streams(part):
                    waiting += [_fitted(batch, schema) for batch in stream]
                if _is_group(waiting):
                    writer.write_table(pa.Table.from_batches(waiting, schema))
                    waiting = []
                    yield written.taken()
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting, schema))
        yield written.taken()

    def _input_columns(self, chunk: Chunk) -> dict[str, Any]:
        if self._join == "none":
            return {}
        if self._join == "key":
            return {self._key_field or "name": to_array(keys_of(chunk, self._key_field))}
        if self._inputs is None and chunk.batch is not None:
            return dict(zip(chunk.batch.schema.names, chunk.batch.columns, strict=True))
        if self._inputs is None and chunk.columns is not None:
            return {name: to_array(values) for name, values in chunk.columns.items()}
        if self._inputs is not None:
            objects = [self._inputs.of(value) for value in chunk.values]
            return {name: to_array([each[name] for each in objects]) for name in self._inputs.names}
        if chunk.names:
            return {"name": to_array(chunk.names)}
        return {"input": pa.array([_json(value) for value in chunk.values], pa.string())}


def _streams(part: Part) -> Iterator[Any]:
    """A part may hold those of several chunks, one after the other."""
    file = io.BufferedReader(BlockFile(part()))
    while file.peek(1):
        stream = ipc.open_stream(file)
        yield stream
        for _ in stream:  # what the caller has left
            continue


class _Written(io.RawIOBase):
    """What a writer of Arrow's wrote, taken away as it comes."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        taken, self._waiting = bytes(self._waiting), bytearray()
        return taken


def to_array(values: Sequence[Value]) -> Any:
    """Typed by its values; the text of their JSON where they have no common type."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([_json(value) for value in values], pa.string())


def _common(schemas: Sequence[Any]) -> Any:
    """The columns of the first schema, of types that hold what all parts have in them."""
    if not schemas:
        return pa.schema([])
    return pa.schema(
        [
            (name, _common_type([each.field(name).type for each in schemas]))
            for name in schemas[0].names
        ]
    )


def _common_type(types: Sequence[Any]) -> Any:
    fields = [pa.schema([("value", kind)]) for kind in dict.fromkeys(types)]
    try:
        found = pa.unify_schemas(fields, promote_options="permissive").field("value").type
    except pa.ArrowException:
        return pa.string()
    return pa.string() if pa.types.is_null(found) else found


def _fitted(batch: Any, schema: Any) -> Any:
    return pa.RecordBatch.from_arrays(
        [_cast(batch.column(field.name), field.type) for field in schema], schema=schema
    )


def _cast(column: Any, kind: Any) -> Any:
    if column.type == kind:
        return column
    if pa.types.is_string(kind) and not pa.types.is_null(column.type):
        return pa.array([_json(value) for value in column.to_pylist()], pa.string())
    return column.cast(kind)


def _is_group(batches: Sequence[Any]) -> bool:
    rows = sum(int(batch.num_rows) for batch in batches)
    return rows >= GROUP_ROWS or sum(int(batch.nbytes) for batch in batches) >= GROUP_BYTES_MAX


def _json(value: Value) -> str | None:
    return None if value is None else orjson.dumps(value, default=str).decode()
