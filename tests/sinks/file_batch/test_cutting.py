"""Chunks are a pure function of the file: however its bytes come, and wherever it is begun."""

import gzip
import io
import json
import random
import zipfile

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import ipc, parquet

from sinks.file_batch.record import CHUNK_BYTES_MAX
from sinks.file_batch.spec import ReadSpec
from tests.sinks.file_batch.files import chunks_of, reader_of, told

ROWS = 2_500


def csv_file() -> bytes:
    """Quotes, line ends within them, both kinds of line ends, empty lines, and bad records."""
    chance = random.Random(7)
    lines = [b"a,b,c\r\n"]
    for row in range(ROWS):
        kind = chance.randrange(8)
        text = [b'"x\ny""z"', b"plain", b'"a,b"', b"", b"1,2", b"\xff", b'"x"y', b"-1.5"][kind]
        lines.append(b"%d,%b,%d" % (row, text, row % 7) + chance.choice([b"\n", b"\r\n", b"\n\n"]))
    return b"".join(lines)


def zip_file() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for row in range(1_100):
            archive.writestr(f"{row:05}.json", json.dumps({"row": row}))
    return packed.getvalue()


def table() -> pa.Table:
    return pa.table({"a": range(ROWS), "b": [f"text {row}" for row in range(ROWS)]})


def parquet_file() -> bytes:
    written = io.BytesIO()
    parquet.write_table(table(), written, row_group_size=1_500)
    return written.getvalue()


def arrow_file() -> bytes:
    written = io.BytesIO()
    with ipc.new_file(written, table().schema) as file:
        file.write_table(table(), max_chunksize=1_300)
    return written.getvalue()


FILES = {
    "in.csv": csv_file(),
    "in.csv.gz": gzip.compress(csv_file()),
    "in.csv.zst": pa.compress(csv_file(), "zstd", asbytes=True),
    "in.jsonl": b"".join(
        b'{"row": %d}\n' % row + b"oops\n" * (row % 9 == 0) for row in range(ROWS)
    ),
    "in.json": json.dumps([{"row": row, "é": "ü"} for row in range(ROWS)], indent=1).encode(),
    "in.txt": b"".join(b"line %d\n" % row for row in range(ROWS)),
    "in.zip": zip_file(),
    "in.parquet": parquet_file(),
    "in.arrow": arrow_file(),
}


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("block_bytes", [61, 1_000, 65_536])
def test_chunks_are_the_same_however_the_bytes_come(path: str, block_bytes: int) -> None:
    at_once = chunks_of(FILES[path], path)

    in_blocks = chunks_of(FILES[path], path, block_bytes=block_bytes)

    assert len(at_once) > 1
    assert [told(chunk) for chunk in in_blocks] == [told(chunk) for chunk in at_once]


@pytest.mark.parametrize("path", FILES)
def test_a_file_begun_at_any_chunk_gives_the_rest_of_them(path: str) -> None:
    reader = reader_of(FILES[path], path)
    every = [told(chunk) for chunk in reader.chunks()]

    begun = [[told(each) for each in reader.chunks(chunk.start)] for chunk in reader.chunks()]

    assert begun == [every[at:] for at in range(len(every))]


@pytest.mark.parametrize("path", FILES)
def test_nothing_is_behind_the_end_of_the_last_chunk(path: str) -> None:
    reader = reader_of(FILES[path], path)
    (*_, last) = reader.chunks()

    behind = list(reader.chunks(last.end))

    assert behind == []


@pytest.mark.parametrize("path", FILES)
def test_every_record_is_in_one_chunk_and_has_its_number(path: str) -> None:
    chunks = chunks_of(FILES[path], path)

    numbers = [row for chunk in chunks for row in chunk.rows]
    numbers += [bad.row for chunk in chunks for bad in chunk.bad]

    assert sorted(numbers) == list(range(1, chunks[-1].end.row + 1))
    assert all(chunk.records <= 1_024 for chunk in chunks)


@given(
    data=st.lists(
        st.sampled_from(
            [b'"', b",", b"\n", b"\r\n", b"\r", b"a", b"12", b'""', b"\xc3\xbc", b"x" * 9]
        ),
        max_size=60,
    ).map(b"".join),
    block_bytes=st.integers(1, 20),
    record_bytes_max=st.integers(3, 30),
)
@settings(max_examples=300)
def test_no_bytes_make_chunks_hang_on_how_they_come(
    data: bytes, block_bytes: int, record_bytes_max: int
) -> None:
    read = ReadSpec(record_bytes_max=record_bytes_max)
    data = b"1,2\n" + data

    at_once = chunks_of(data, "in.csv", read)
    in_blocks = chunks_of(data, "in.csv", read, block_bytes)

    assert [told(chunk) for chunk in in_blocks] == [told(chunk) for chunk in at_once]


def test_a_chunk_ends_before_it_is_too_large() -> None:
    line = b"x" * 1_000_000 + b"\n"

    chunks = chunks_of(line * 20, "in.txt")

    assert [chunk.records for chunk in chunks] == [8, 8, 4]
    assert all(c.end.position - c.start.position <= CHUNK_BYTES_MAX for c in chunks)
