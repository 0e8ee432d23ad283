"""Reading CSV: a header, then records, each with its bytes as they stand in the file."""

from collections.abc import Iterator, Sequence

from sinks.file_batch.csv_rows import Dialect, is_number, number_columns, parse_rows, typed
from sinks.file_batch.cutter import Cutter
from sinks.file_batch.plain import Plain
from sinks.file_batch.record import BEGINNING, Chunk, Mark, Value, broken_file
from sinks.file_batch.runs import RawChunk, Sifted, gathered
from sinks.file_batch.spec import CsvSpec, Format


def dialect_of(csv: CsvSpec, is_tabbed: bool) -> Dialect:
    return Dialect(csv.delimiter or ("\t" if is_tabbed else ","), csv.quote)


class CsvReader:
    """Implements `sinks.file_batch.record.Reader`. Making it reads the first record.

    Every record must have as many fields as the first one. Columns without a header are called
    column0, column1 and so on, and so is one whose name is empty.
    """

    format: Format = "csv"

    def __init__(self, plain: Plain, dialect: Dialect, csv: CsvSpec, record_bytes_max: int) -> None:
        self._plain = plain
        self.dialect = dialect
        self._nulls = frozenset(csv.null_values)
        has_number_nulls = any(is_number(text) for text in csv.null_values)
        self._may_be_numbers = dialect.delimiter == "," and not has_number_nulls
        self._record_bytes_max = record_bytes_max
        self.fields, self._begins_at, self.line_end = self._first(csv.header)

    def chunks(self, start: Mark = BEGINNING) -> Iterator[Chunk]:
        start = start._replace(position=max(start.position, self._begins_at))
        cutter = self._cutter(start.position)
        for raw in gathered(cutter.cut(self._plain.blocks(start.position)), start):
            yield self._chunk(raw)

    def _cutter(self, position: int) -> Cutter:
        return Cutter(position, self._record_bytes_max, *self.dialect)

    def _first(self, header: bool | None) -> tuple[Sequence[str], int, bytes]:
        """The names of the columns, where the first record is, and how lines end."""
        at = self._plain.begins_at
        runs = self._cutter(at).cut(self._plain.blocks())
        first = next((run.take(1) for run in runs if run.raws), None)
        if first is None:
            return (), at, b"\n"
        offset, raw, end = first.offsets[0], first.raws[0], first.ends[0]
        parsed = parse_rows([raw], self.dialect, None)
        if why := first.broken.get(offset) or parsed.bad.get(0):
            raise broken_file(f"the first record {why}", self._plain.path)
        (cells,) = parsed.cells
        if header is None:
            header = not any(is_number(cell) for cell in cells)
        names = [(cell if header else "") or f"column{at}" for at, cell in enumerate(cells)]
        if len(set(names)) < len(names):
            raise broken_file("two columns have the same name", self._plain.path)
        # What the record does not cover of its line is the line end.
        line_end = b"\r\n" if end - offset - len(raw) == 2 else b"\n"
        return names, end if header else offset, line_end

    def _chunk(self, raw: RawChunk) -> Chunk:
        sifted = Sifted(raw)
        columns = self._numbers(sifted.raws) or self._columns(sifted)
        named = dict(zip(self.fields, columns, strict=True))
        return Chunk(
            raw.start,
            raw.end,
            sifted.rows,
            sifted.offsets,
            sorted(sifted.bad),
            sifted.raws,
            named,
        )

    def _numbers(self, raws: Sequence[bytes]) -> Sequence[Sequence[Value]] | None:
        if not raws or not self._may_be_numbers:
            return None
        return number_columns(raws, len(self.fields))

    def _columns(self, sifted: Sifted) -> Sequence[Sequence[Value]]:
        parsed = parse_rows(sifted.raws, self.dialect, len(self.fields))
        sifted.drop(parsed.bad)
        if not parsed.cells:
            return [()] * len(self.fields)
        return [typed(column, self._nulls) for column in zip(*parsed.cells, strict=True)]
