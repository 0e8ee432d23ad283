"""Writing CSV: the rows of the input as they stand there, with columns for the predictions.

The header stands before the first row is known, so its columns are named beforehand: `prediction`
(a number, a text, or JSON), or those of `write.outputFilter`.

Text that is new to the file, and that a spreadsheet would run as a formula, gets an apostrophe in
front (`= + - @`, tab, carriage return). Numbers are no text: -1.5 stays -1.5. What stood in a CSV
already is not touched.
"""

from collections.abc import Iterator, Sequence
from itertools import compress

import orjson

from broker.errors import Invalid
from sinks.file_batch.columnar import Rows
from sinks.file_batch.csv_reader import CsvReader
from sinks.file_batch.csv_rows import Dialect, is_number, parse_rows, quoted
from sinks.file_batch.record import Chunk, Reader, Value
from sinks.file_batch.results import Results
from sinks.file_batch.row_writer import ROW_BYTES_MAX, Part, prediction_name
from sinks.file_batch.selecting import Choice, keys_of
from sinks.file_batch.spec import CsvSpec, ReadSpec, WriteSpec

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COMMA = Dialect(",", '"')


class CsvWriter:
    """Implements `sinks.file_batch.row_writer.Writer`."""

    def __init__(
        self, reader: Reader, read: ReadSpec, write: WriteSpec, keeps_failed: bool = True
    ) -> None:
        self._dialect = reader.dialect if isinstance(reader, CsvReader) else _COMMA
        self._is_csv = isinstance(reader, CsvReader)
        self.row_end = reader.line_end
        self._join = write.join
        self._key_field = read.key_field
        self._guards = write.guards_formulas
        self._keeps_failed = keeps_failed
        self._chosen = Choice(write.output_filter) if write.output_filter else None
        self._are_fields = not any(text.startswith("$") for text in write.output_filter)
        self._input_names = self._named(reader, write)
        # As they stand: no column is left out, and nothing is written anew.
        self._takes_raws = self._is_csv and write.join == "input" and not write.input_filter
        self._inputs = Choice(write.input_filter or self._input_names)
        self._fields = tuple(reader.fields or ())
        csv = CsvSpec(*self._dialect, header=True, encoding="utf-8")
        self.reads_back = ReadSpec("csv", "none", csv, record_bytes_max=ROW_BYTES_MAX)

    def part(self, chunk: Chunk, results: Results) -> bytes:
        rows = self._rows(chunk)
        columns = self._prediction_columns(results.predictions)
        d, end = self._dialect.delimiter.encode(), self.row_end
        if not rows and len(columns) == 1:
            lines = [cell + end for cell in columns[0]]
        elif len(columns) == 1:
            lines = [row + d + cell + end for row, cell in zip(rows, columns[0], strict=True)]
        else:
            every = (rows, *columns) if rows else columns
            lines = [d.join(cells) + end for cells in zip(*every, strict=True)]
        if results.failures and not self._keeps_failed:
            lines = list(compress(lines, (at not in results.failures for at in range(len(lines)))))
        return b"".join(lines)

    def joined(self, parts: Sequence[Part]) -> Iterator[bytes]:
        names = [*self._input_names, *self._prediction_names()]
        if not self._is_csv:
            names = [self._guarded(name) for name in names]
        cells = [quoted(name, self._dialect) for name in names]
        yield self._dialect.delimiter.join(cells).encode() + self.row_end
        for part in parts:
            yield from part()

    def _named(self, reader: Reader, write: WriteSpec) -> Sequence[str]:
        """The columns of the input that are written."""
        if write.join == "none":
            return ()
        if write.join == "key":
            return (self._key_field or "name",)
        if write.input_filter:
            return Choice(write.input_filter).names
        if reader.fields is None:
            raise Invalid(
                f"a CSV of {reader.format} records needs the names of its columns",
                code="no-columns",
                where="write.inputFilter",
                remedy="name them, or write join: none, or another write.format",
            )
        return reader.fields

    def _rows(self, chunk: Chunk) -> Sequence[bytes]:
        """What of the input stands in front; empty where nothing does."""
        if not self._input_names:
            return ()
        if self._takes_raws:
            return chunk.raws
        d = self._dialect.delimiter.encode()
        if self._is_csv:
            return [d.join(cells) for cells in zip(*self._copied(chunk), strict=True)]
        if self._join == "key":
            return [self._cell(key) for key in keys_of(chunk, self._key_field)]
        return [
            d.join(self._cell(each) for each in self._inputs.of(value).values())
            for value in chunk.values
        ]

    def _copied(self, chunk: Chunk) -> list[list[bytes]]:
        """Columns of the input's own cells: as they were written there, not as they were read."""
        columns = list(zip(*parse_rows(chunk.raws, self._dialect, None).cells, strict=True))
        by_name = dict(zip(self._fields, columns, strict=True)) if columns else {}
        nothing = [""] * len(chunk.raws)
        return [
            [quoted(cell, self._dialect).encode() for cell in by_name.get(name, nothing)]
            for name in self._input_names
        ]

    def _prediction_names(self) -> Sequence[str]:
        if self._chosen is None:
            return (prediction_name(self._input_names),)
        return [
            name if name not in self._input_names else f"{name}_" for name in self._chosen.names
        ]

    def _prediction_columns(self, predictions: Sequence[Value]) -> list[list[bytes]]:
        if self._chosen is None:
            return [self._cells(predictions)]
        if self._are_fields and isinstance(predictions, Rows):
            nothing = [None] * len(predictions)
            return [self._cells(predictions.columns.get(n, nothing)) for n in self._chosen.names]
        if self._are_fields:
            objects = [each if isinstance(each, dict) else {} for each in predictions]
            return [self._cells([each.get(n) for each in objects]) for n in self._chosen.names]
        chosen = [tuple(self._chosen.of(each).values()) for each in predictions]
        columns: list[Sequence[Value]] = list(zip(*chosen, strict=True))
        return [self._cells(column) for column in columns or [()] * len(self._chosen.names)]

    def _cells(self, column: Sequence[Value]) -> list[bytes]:
        kinds = set(map(type, column)) - {type(None)}
        if kinds == {str}:  # names of classes: few of them, often
            made = {text: self._cell(text) for text in set(column)}
            return [made[text] for text in column]
        if kinds <= {int, float}:
            cells = orjson.dumps(column)[1:-1].split(b",") if column else []
            return (
                [b"" if cell == b"null" else cell for cell in cells] if b"null" in cells else cells
            )
        return [self._cell(value) for value in column]

    def _cell(self, value: Value) -> bytes:
        if value is None:
            return b""
        text = self._guarded(value) if isinstance(value, str) else _json_text(value)
        return quoted(text, self._dialect).encode()

    def _guarded(self, text: str) -> str:
        """With an apostrophe where a spreadsheet would run it (CWE-1236)."""
        is_formula = text.startswith(_FORMULA) and not is_number(text)
        return f"'{text}" if self._guards and is_formula else text


def _json_text(value: Value) -> str:
    text = orjson.dumps(value).decode()
    return "" if text == "null" else text
