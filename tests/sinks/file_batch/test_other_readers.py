"""JSON, text, tables, images and archives as records."""

import gzip
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import ipc, parquet

from broker.errors import Invalid
from sinks.file_batch.opening import head_of, open_reader
from sinks.file_batch.spec import ImageSpec, ReadSpec
from tests.sinks.file_batch.files import MemoryStore, chunks_of, reader_of, values_of

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name.replace("_", "."), body)
    return packed.getvalue()


def test_a_line_of_json_that_is_none_is_told() -> None:
    (chunk,) = chunks_of(b'{"a":1}\n{"a":\n[2]\n', "in.jsonl")

    assert list(chunk.values) == [{"a": 1}, [2]]
    assert [(bad.row, bad.offset, bad.text) for bad in chunk.bad] == [(2, 8, b'{"a":')]


@pytest.mark.parametrize(
    ("document", "values"),
    [
        (b'[{"a": "],["}, 2, "x\\"", [3], null]', [{"a": "],["}, 2, 'x"', [3], None]),
        (b' {"a": [1, 2]} ', [{"a": [1, 2]}]),
        (b"[ ]", []),
        (b"", []),
        (b"[12345678901234567890]", [1.2345678901234567e19]),
    ],
)
def test_a_json_document_is_its_items_or_its_one_object(
    document: bytes, values: list[object]
) -> None:
    assert values_of(document, "in.json") == values


@pytest.mark.parametrize(
    "document", [b"[1, 2", b"[1 2]", b"[1,]", b"[NaN]", b'{"a": 1} x', b"[\xff]"]
)
def test_a_broken_json_document_ends_where_it_is_broken(document: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        chunks_of(document, "in.json")

    assert refused.value.code == "broken-file"


def test_a_document_that_ends_behind_a_comma_is_not_whole_however_it_is_begun() -> None:
    reader = reader_of(b"[" + b"1,\n" * 1_024, "in.json")
    reading = reader.chunks()
    first = next(reading)

    with pytest.raises(Invalid, match="no JSON value"):
        list(reader.chunks(first.end))
    with pytest.raises(Invalid, match="no JSON value"):
        list(reading)


def test_a_long_item_of_a_document_is_told() -> None:
    document = b'["' + b"x" * 150 + b'", 1]'

    (chunk,) = chunks_of(document, "in.json", ReadSpec(record_bytes_max=100))

    assert list(chunk.values) == [1]
    assert "longer than 100 bytes" in chunk.bad[0].why


def test_a_line_of_text_is_a_record() -> None:
    assert values_of(b"one\r\n\n two\n", "notes.txt") == ["one", " two"]


def test_values_of_tables_become_json() -> None:
    at = datetime(2026, 1, 2, 3, tzinfo=UTC)
    table = pa.table({"n": [1.5], "at": [at], "b": [b"\x00"], "d": [Decimal("1.10")], "l": [[1]]})
    written = io.BytesIO()
    parquet.write_table(table, written)

    values = values_of(written.getvalue(), "in.parquet")

    assert values == [{"n": 1.5, "at": at.isoformat(), "b": "AA==", "d": "1.10", "l": [1]}]


def test_an_arrow_stream_is_read_too() -> None:
    written = io.BytesIO()
    table = pa.table({"n": [1, 2]})
    with ipc.new_stream(written, table.schema) as stream:
        stream.write_table(table)

    assert values_of(written.getvalue(), "in.arrow") == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("in.parquet", b"PAR1 and then nothing of it PAR1"),
        ("in.arrow", b"ARROW1 and nothing"),
        ("in.zip", b"PK\x03\x04 and nothing"),
        ("in.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9]),
        ("in.csv.zst", b"\x28\xb5\x2f\xfd nothing"),
    ],
)
def test_a_file_that_is_not_what_it_seems_is_broken(path: str, data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        chunks_of(data, path)

    assert refused.value.code == "broken-file"


def test_members_of_a_zip_are_read_in_the_order_of_their_names() -> None:
    data = zipped(b_json=b'{"a":1}', a_txt=b"hello", c_png=PNG, d_json=b"{")

    (chunk,) = chunks_of(data, "in.zip")

    assert list(zip(chunk.names, chunk.values, strict=True)) == [
        ("a.txt", "hello"), ("b.json", {"a": 1}), ("c.png", PNG),
    ]  # fmt: skip
    assert "d.json cannot be read" in chunk.bad[0].why


def test_a_member_that_unpacks_to_more_than_a_record_is_never_unpacked_whole() -> None:
    data = zipped(bomb_bin=b"0" * 10_000_000, fine_bin=b"x")

    (chunk,) = chunks_of(data, "in.zip")

    assert "bomb.bin is longer than 1048576 bytes" in chunk.bad[0].why
    assert list(chunk.values) == [b"x"]


def test_an_image_is_one_record_by_its_suffix_or_its_first_bytes() -> None:
    read = ReadSpec(images=ImageSpec("base64"))

    assert values_of(PNG, "cat.png") == values_of(PNG, "cat") == [PNG]
    assert values_of(PNG, "cat.png", read) == [{"b64": "iVBORw0KGgpwaXhlbHM="}]


def test_the_images_below_a_prefix_are_one_job() -> None:
    store = MemoryStore({"in/b.png": PNG, "in/a.jpg": PNG, "in/notes.txt": b"x", "out/c.png": PNG})
    head = head_of(store, "in/")
    assert head is not None

    (chunk,) = open_reader(store, "in/", head, ReadSpec()).chunks()

    assert list(chunk.names) == ["a.jpg", "b.png"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"a":1}\n{"a":2}\n', "jsonl"),
        (b'{"a":\n1}\n', "json"),
        (b"[1]", "json"),
        (b"a,b\n1,2\n", "csv"),
        (b"words\n", "text"),
        (b"\xef\xbb\xbf[1]", "json"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "csv"),
    ],
)
def test_a_name_that_says_nothing_leaves_it_to_the_content(data: bytes, kind: str) -> None:
    assert reader_of(data, "object-4711").format == kind


def test_a_parquet_file_inside_gzip_is_refused_with_what_to_do() -> None:
    with pytest.raises(Invalid, match="send it uncompressed"):
        chunks_of(gzip.compress(b"PAR1"), "in.parquet.gz")
