"""Predictions by column, read as rows, and put together of what several calls gave."""

import pytest

from sinks.file_batch.columnar import Columns, Rows, one_after_the_other, spread_out
from sinks.file_batch.results import Results
from sinks.file_batch.row_writer import make_writer
from sinks.file_batch.spec import OutputFormat, ReadSpec, WriteSpec
from tests.sinks.file_batch.files import reader_of

COLUMNS: Columns = {"label": [1, 0], "species": ["b", "a"]}
ROWS = [{"label": 1, "species": "b"}, {"label": 0, "species": "a"}]


def test_columns_are_read_as_rows() -> None:
    rows = Rows(COLUMNS)

    assert (len(rows), list(rows), rows[1]) == (2, ROWS, ROWS[1])
    assert list(Rows(COLUMNS, {0})) == [None, ROWS[1]]


def test_rows_between_have_the_fields_that_they_have() -> None:
    placed = {0: None, 2: {"label": 7, "other": 1}}

    spread = spread_out(COLUMNS, placed)

    assert spread == {"label": [None, 1, 7, 0], "species": [None, "b", None, "a"]}


def test_calls_are_put_together_in_their_order() -> None:
    assert one_after_the_other([COLUMNS, COLUMNS])["label"] == [1, 0, 1, 0]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("chosen", [(), ("species",), ("$.species", "unknown")])
def test_columns_are_written_as_their_rows_are(
    format: OutputFormat, chosen: tuple[str, ...]
) -> None:
    reader = reader_of(b"a\n1\n2\n", "in.csv", ReadSpec())
    (chunk,) = reader.chunks()
    writer = make_writer(reader, ReadSpec(), WriteSpec(format=format, output_filter=chosen))

    by_column = writer.part(chunk, Results(Rows(COLUMNS)))

    assert by_column == writer.part(chunk, Results(ROWS))
