"""Results as rows: in the input's order and form, joined as asked, failures where they belong."""

import csv
import io
from collections.abc import Sequence

import orjson
import pytest
from pyarrow import parquet

from broker.errors import Invalid
from sinks.file_batch.record import Value
from sinks.file_batch.results import Failure, Results
from sinks.file_batch.row_writer import make_writer, output_format
from sinks.file_batch.spec import OutputFormat, ReadSpec, WriteSpec
from tests.sinks.file_batch.files import reader_of

CSV = b'a,"b c"\r\n5.10,"x\n,y"\r\n007,\r\n'
FAILED = Failure("BAD_INPUT", "no such shape", status=400)


def written(
    data: bytes,
    predictions: Sequence[Value],
    write: WriteSpec,
    path: str = "in.csv",
    failures: dict[int, Failure] | None = None,
    read: ReadSpec | None = None,
    keeps_failed: bool = True,
) -> bytes:
    """The file that comes of one chunk."""
    read = read or ReadSpec()
    reader = reader_of(data, path, read)
    (chunk,) = reader.chunks()
    writer = make_writer(reader, read, write, keeps_failed)
    part = writer.part(chunk, Results(predictions, failures or {}))
    return b"".join(writer.joined([lambda: iter([part])]))


def test_a_csv_gets_a_column_and_its_rows_stay_byte_for_byte() -> None:
    made = written(CSV, [1, 2.5], WriteSpec())

    assert made == b'a,b c,prediction\r\n5.10,"x\n,y",1\r\n007,,2.5\r\n'


@pytest.mark.parametrize(
    ("prediction", "cell"),
    [
        ("setosa", "setosa"), (-1.5, "-1.5"), ("-1.5", "-1.5"), ("=1+1", "'=1+1"),
        ("+cmd|'/c'!A1", "'+cmd|'/c'!A1"), ("-x", "'-x"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ('say "hi", you', 'say "hi", you'), (None, ""),
        (True, "true"), ([1, 2], "[1,2]"), ({"a": "=1"}, '{"a":"=1"}'), (float("nan"), ""),
    ],
)  # fmt: skip
def test_a_prediction_is_a_cell_that_no_spreadsheet_runs(prediction: Value, cell: str) -> None:
    made = written(b"a\nx\ny\n", [prediction, 1], WriteSpec())

    rows = list(csv.reader(io.StringIO(made.decode(), newline="")))
    assert rows == [["a", "prediction"], ["x", cell], ["y", "1"]]


def test_formulas_may_be_left_as_they_are_and_those_of_the_input_always_are() -> None:
    made = written(b"a\n=1\n", ["=2"], WriteSpec(guards_formulas=False))

    assert made == b"a,prediction\n=1,=2\n"
    assert written(b"a\n=1\n", ["=2"], WriteSpec()) == b"a,prediction\n=1,'=2\n"


def test_text_that_was_in_no_csv_before_is_guarded_too() -> None:
    write = WriteSpec(format="csv", input_filter=("a",))

    made = written(b'{"a":"=1"}\n{"a":-1}\n', [1, 2], write, "in.jsonl")

    assert made == b"a,prediction\n'=1,1\n-1,2\n"


def test_filters_choose_columns_and_keep_their_text() -> None:
    write = WriteSpec(input_filter=("b",), output_filter=("label", "$.scores[0]"))
    predictions = [{"label": "x", "scores": [0.5, 0.1]}, {"label": "y"}]

    made = written(b"a,b\n1,1.50\n2,0007\n", predictions, write)

    assert made == b"b,label,scores[0]\n1.50,x,0.5\n0007,y,\n"


def test_fields_are_cells_whatever_else_their_column_holds() -> None:
    write = WriteSpec(output_filter=("class", "score"))
    predictions = [{"class": "=a", "score": 1}, {"class": "=a", "score": 0.5}, None, "none"]

    made = written(b"a\n1\n2\n3\n4\n", predictions, write, failures={2: FAILED})

    assert made == b"a,class,score\n1,'=a,1\n2,'=a,0.5\n3,,\n4,,\n"


def test_a_column_of_the_inputs_keeps_its_name_and_ours_takes_another() -> None:
    assert written(b"prediction\nx\n", [1], WriteSpec()) == b"prediction,prediction_\nx,1\n"


@pytest.mark.parametrize(
    ("join", "made"),
    [("none", b"prediction\n7\n8\n"), ("key", b"id,prediction\n01,7\n02,8\n")],
)
def test_a_csv_may_be_of_predictions_alone_or_of_keys(join: str, made: bytes) -> None:
    write = WriteSpec(join="key" if join == "key" else "none")

    rows = written(b"id,a\n01,x\n02,y\n", [7, 8], write, read=ReadSpec(key_field="id"))

    assert rows == made


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_failed_row_stays_without_a_prediction_unless_it_is_skipped(kind: OutputFormat) -> None:
    write, results = WriteSpec(format=kind), [1, None, 3]

    kept = written(b"a\nx\ny\nz\n", results, write, failures={1: FAILED})
    skipped = written(b"a\nx\ny\nz\n", results, write, failures={1: FAILED}, keeps_failed=False)

    kept_lines, skipped_lines = kept.splitlines(), skipped.splitlines()
    assert kept_lines[-2] in (b"y,", b'{"a":"y","prediction":null}')
    assert [line for line in kept_lines if b"y" not in line] == skipped_lines


def test_json_lines_keep_their_bytes_and_get_a_key() -> None:
    data = b'{"b": 1.50, "a": "\\u00fc"} \n[1]\n{}\n{"prediction": 1, "c": 2}\n'

    made = written(data, [1, "x", None, [2]], WriteSpec(), "in.jsonl")

    assert made.splitlines() == [
        b'{"b": 1.50, "a": "\\u00fc","prediction":1}',
        b'{"input":[1],"prediction":"x"}',
        b'{"prediction":null}',
        b'{"c":2,"prediction":[2]}',
    ]


def test_an_array_of_json_is_one_again_over_all_parts() -> None:
    reader = reader_of(b"[" + b",".join(b'{"a":%d}' % at for at in range(2_000)) + b"]", "in.json")
    writer = make_writer(reader, ReadSpec(), WriteSpec())

    parts = [writer.part(each, Results(list(each.rows))) for each in reader.chunks()]
    made = b"".join(writer.joined([lambda p=part: iter([p[:1], p[1:]]) for part in parts]))  # type: ignore[misc]

    assert orjson.loads(made) == [{"a": at, "prediction": at + 1} for at in range(2_000)]
    assert orjson.loads(b"".join(writer.joined([]))) == []


@pytest.mark.parametrize(
    ("data", "path", "line"),
    [
        (b"some words\n", "in.txt", b'{"text":"some words","prediction":1}\n'),
        (b"\x89PNG", "cat.png", b'{"name":"cat.png","prediction":1}\n'),
        (b"a\n0.50\n", "in.csv", b'{"a":0.5,"prediction":1}\n'),
    ],
)
def test_other_inputs_become_json_lines(data: bytes, path: str, line: bytes) -> None:
    assert written(data, [1], WriteSpec(format="jsonl"), path) == line


def test_a_key_joins_what_is_stored_elsewhere() -> None:
    write, read = WriteSpec(join="key"), ReadSpec(key_field="id")

    made = written(b'{"id":"a","x":1}\n{"x":2}\n', [1, 2], write, "in.jsonl", read=read)

    assert made == b'{"key":"a","prediction":1}\n{"key":null,"prediction":2}\n'


def test_a_table_keeps_its_types_and_parts_of_other_types_are_joined() -> None:
    reader = reader_of(b"a,t\n" + b"1,x\n" * 1_024 + b"2.5,y\n", "in.csv")
    writer = make_writer(reader, ReadSpec(), WriteSpec(format="parquet"))
    first, second = reader.chunks()

    parts = [writer.part(first, Results([None] * 1_024)), writer.part(second, Results([[0.5]]))]
    made = b"".join(writer.joined([lambda: iter([parts[0] + parts[1]])]))

    rows = parquet.read_table(io.BytesIO(made)).to_pylist()
    assert rows[0] == {"a": 1.0, "t": "x", "prediction": None}
    assert rows[1_024:] == [{"a": 2.5, "t": "y", "prediction": [0.5]}]


def test_columns_without_a_common_type_become_the_text_of_their_json() -> None:
    made = written(b"a\nx\ny\n", ["word", {"b": 1}], WriteSpec(format="parquet"))

    table = parquet.read_table(io.BytesIO(made))
    assert table.column("prediction").to_pylist() == ['"word"', '{"b":1}']


@pytest.mark.parametrize(
    ("write", "path", "remedy"),
    [
        (WriteSpec(format="csv"), "in.jsonl", "name them, or write join: none"),
        (WriteSpec(join="key"), "in.jsonl", "name it in read.keyField"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_first_row(
    write: WriteSpec, path: str, remedy: str
) -> None:
    with pytest.raises(Invalid, match=remedy):
        make_writer(reader_of(b"{}\n", path), ReadSpec(), write)


def test_the_same_format_is_written_where_it_can_hold_results() -> None:
    kinds = ("csv", "jsonl", "json", "parquet", "arrow", "text", "images", "zip")

    made = [output_format(kind, WriteSpec()) for kind in kinds]  # type: ignore[arg-type]

    assert made == ["csv", "jsonl", "json", "parquet", "parquet", "jsonl", "jsonl", "jsonl"]
