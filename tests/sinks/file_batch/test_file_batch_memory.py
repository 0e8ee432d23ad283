"""A file is never in memory: however large it is, what reads and writes it stays small."""

import subprocess
import sys
from pathlib import Path

import pytest

ROWS = 6_200_000
PROGRAM = """
import re, sys
from sinks.file_batch.finalising import Parts
from sinks.file_batch.names import names_for
from sinks.file_batch.opening import open_reader
from sinks.file_batch.place import parse_place
from sinks.file_batch.results import Results
from sinks.file_batch.row_writer import make_writer
from sinks.file_batch.selecting import select
from sinks.file_batch.spec import ReadSpec, WriteSpec
from sinks.file_batch.store import Access, open_store

place, read, write = parse_place("in.csv"), ReadSpec(), WriteSpec()
store = open_store(place, Access(root=sys.argv[1]))
reader = open_reader(store, place.path, store.head(place.path), read)
writer = make_writer(reader, read, write)
parts, put, waiting = Parts(store, names_for(place, write, "csv")), [], []
for chunk in reader.chunks():
    first = len(select(chunk, read).columns["a"])
    waiting.append(writer.part(chunk, Results([0.5] * first)))
    if chunk.start.number % 256 == 255:
        parts.put(chunk.start.number, b"".join(waiting), b"")
        put.append(chunk.start.number)
        waiting = []
parts.put(chunk.end.number, b"".join(waiting), b"")
parts.join(writer, [*put, chunk.end.number], [])
parts.remove()
# The peak of this program alone: getrusage also knows that of the process which began it.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())
print(chunk.end.row, int(peak[1]) // 1024)
"""


@pytest.mark.long
def test_a_csv_of_200_mb_is_read_and_written_in_little_memory(root: Path, tmp_path: Path) -> None:
    with (tmp_path / "in.csv").open("wb") as file:
        file.write(b"a,b,c\n")
        block = b"".join(
            b"%d,some text of a row,-1.5e-3,\n"[:-2] % row + b"\n" for row in range(100_000)
        )
        for _ in range(ROWS // 100_000):
            file.write(block)
    size_mb = (tmp_path / "in.csv").stat().st_size // 1_000_000

    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )

    rows, resident_mb = map(int, told.stdout.split())
    assert size_mb >= 200
    assert rows == ROWS
    assert resident_mb < 120
