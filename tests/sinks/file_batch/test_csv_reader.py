"""CSV: records by name, numbers as numbers, and what is bad told by row, place and reason."""

import pytest

from broker.errors import Invalid
from sinks.file_batch.csv_rows import cell_value, typed
from sinks.file_batch.spec import CsvSpec, ReadSpec
from tests.sinks.file_batch.files import chunks_of, reader_of, values_of


def test_records_are_objects_by_the_names_of_the_header() -> None:
    values = values_of(b"sepal,name\n5.1,setosa\n-4,\n")

    assert values == [{"sepal": 5.1, "name": "setosa"}, {"sepal": -4, "name": None}]


def test_a_first_record_with_a_number_is_no_header() -> None:
    values = values_of(b"5.1,setosa\n")

    assert values == [{"column0": 5.1, "column1": "setosa"}]


def test_a_header_may_be_said_to_be_none() -> None:
    values = values_of(b"a,b\n", read=ReadSpec(csv=CsvSpec(header=False)))

    assert values == [{"column0": "a", "column1": "b"}]


def test_quotes_hold_delimiters_line_ends_and_themselves() -> None:
    values = values_of(b'a,b\n"x,\n""y""",1\n"",2\n')

    assert values == [{"a": 'x,\n"y"', "b": 1}, {"a": None, "b": 2}]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1), ("-1.5", -1.5), ("1e3", 1000.0), (" 2 ", 2), ("007", "007"), ("+5", "+5"),
        (".5", ".5"), ("NaN", "NaN"), ("null", "null"), ("true", "true"), ("1,2", "1,2"),
        ("[1]", "[1]"), ("1e999", "1e999"), ("123456789012345678901", "123456789012345678901"),
        ("٣", "٣"), ("-", "-"),
    ],
)  # fmt: skip
def test_what_json_calls_a_number_is_one_alone_and_among_others(cell: str, value: object) -> None:
    assert cell_value(cell) == value
    assert typed([cell, "1", "2.5"], frozenset()) == [value, 1, 2.5]
    assert typed([cell, "", "null"], frozenset({""})) == [value, None, "null"]


def test_cells_that_only_together_are_numbers_stay_text() -> None:
    assert typed(["[1", "2]", "3,4"], frozenset()) == ["[1", "2]", "3,4"]


def test_a_cell_that_is_no_number_is_one_of_many_that_are() -> None:
    cells = ["2.5"] * 100 + ["007", ""] + ["-3"] * 100

    values = typed(cells, frozenset({""}))

    assert values == [2.5] * 100 + ["007", None] + [-3] * 100


def test_rows_of_numbers_are_read_as_they_are_beside_text() -> None:
    numbers = b"1,2.5\n-3,1e2\n0.1,7\n"

    alone = values_of(b"a,b\n" + numbers)
    beside = values_of(b"a,b\n" + numbers + b"x,y\n")

    assert beside[:3] == alone == [{"a": 1, "b": 2.5}, {"a": -3, "b": 100.0}, {"a": 0.1, "b": 7}]


def test_rows_that_only_look_like_lists_of_numbers_are_not_taken_for_them() -> None:
    (chunk,) = chunks_of(b"a\n1],[2\n[3\n4]\n\n1\r2\n5\n")

    assert list(chunk.values) == [{"a": "[3"}, {"a": "4]"}, {"a": 5}]
    assert [bad.row for bad in chunk.bad] == [1, 4]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"1", "1 fields where the first record has 2"),
        (b"1,2,3", "3 fields where the first record has 2"),
        (b"\xff,1", "not in the file's encoding"),
        (b'"a"b,1', "no CSV record"),
        (b"a\rb,1", "carriage return"),
        (b"x" * 200 + b",1", "longer than 100 bytes"),
        (b'"' + b"x\n" * 100 + b'",1', "a quote is not closed within 100 bytes"),
    ],
)
def test_a_bad_record_is_told_and_the_next_one_is_read(record: bytes, why: str) -> None:
    head, after = b"a,b\n1,2\n", b"\n5,6\n"

    (chunk,) = chunks_of(head + record + after, read=ReadSpec(record_bytes_max=100))

    bad = chunk.bad[0]
    assert why in bad.why
    assert (bad.row, bad.offset) == (2, len(head))
    assert bad.text.startswith(record[:50].split(b"\n")[0])
    assert chunk.values[-1] == {"a": 5, "b": 6}


def test_a_quote_that_is_never_closed_costs_one_record() -> None:
    (chunk,) = chunks_of(b'a,b\n1,2\n3,"x\n5,6\n7,8\n')

    assert list(chunk.values) == [{"a": 1, "b": 2}, {"a": 5, "b": 6}, {"a": 7, "b": 8}]
    assert [bad.row for bad in chunk.bad] == [2]


def test_a_record_of_more_than_the_library_takes_is_read() -> None:
    text = b"x" * 140_000 + b'""'

    (value,) = values_of(b'a,b\n"' + text + b'",1\n')

    assert value == {"a": "x" * 140_000 + '"', "b": 1}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "windows-1252"])
def test_other_encodings_are_read_as_if_they_were_utf_8(encoding: str) -> None:
    spec = CsvSpec(encoding=None if "utf" in encoding else encoding)

    values = values_of("näme,n\nMüller,1\n".encode(encoding), read=ReadSpec(csv=spec))

    assert values == [{"näme": "Müller", "n": 1}]


def test_a_byte_that_the_encoding_does_not_have_is_its_records_error() -> None:
    read = ReadSpec(csv=CsvSpec(encoding="windows-1252"))

    (chunk,) = chunks_of(b"a,b\nx\x81,1\ny,2\n", read=read)

    assert [bad.row for bad in chunk.bad] == [1]
    assert list(chunk.values) == [{"a": "y", "b": 2}]


def test_a_tsv_is_divided_by_tabs_and_its_bytes_are_kept() -> None:
    (chunk,) = chunks_of(b"a\tb\r\n1,5\t2\r\n", "in.tsv")

    assert list(chunk.values) == [{"a": "1,5", "b": 2}]
    assert chunk.raws == [b"1,5\t2"]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(Invalid, match="two columns have the same name"):
        reader_of(b"a,b,a\nx,y,z\n")


def test_a_file_without_a_record_has_no_chunks() -> None:
    assert chunks_of(b"\n\n") == chunks_of(b"") == chunks_of(b"a,b\n") == []
