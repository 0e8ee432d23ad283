"""headrace is killed in the middle of a file's job: every row once, in order, none of it lost."""

import csv
import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.faults.examples import lines
from tests.faults.process import ROOT, Program, until

EXAMPLES = ROOT / "deploy" / "examples"
KILLS = 3
MEMORY_BYTES_MAX = 200 * 1024 * 1024
OUTPUT, MANIFEST = "big.csv.predictions.csv", "big.csv.predictions.manifest.json"
CONFIGURATION = """
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: default}
---
apiVersion: headrace.dev/v1
kind: FolderSource
metadata: {name: flowers}
spec: {path: flowers, include: ["*.csv"], settle: PT0.2S}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: predict}
spec:
  filters: [{prefix: {type: dev.headrace.folder.}}]
  subscriber: {ref: {kind: FileBatch, name: flowers}}
---
apiVersion: headrace.dev/v1
kind: FileBatch
metadata: {name: flowers}
spec:
  sink: iris
  root: flowers
  match: {settle: PT0S}
  call: {batchSize: 256, rate: RATE}
  write: {outputFilter: [species]}
---
apiVersion: headrace.dev/v1
kind: InferenceSink
metadata: {name: iris}
spec:
  protocol: onnx
  url: file:iris.onnx
  input:
    columns:
      names: [sepal_length, sepal_width, petal_length, petal_width]
      tensor: measures
      datatype: FP32
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: told}
spec:
  filters: [{exact: {type: dev.headrace.file.completed}}]
  subscriber: {ref: {kind: FileSink, name: told}}
---
apiVersion: headrace.dev/v1
kind: FileSink
metadata: {name: told}
spec: {path: told.ndjson}
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    (tmp_path / "flowers").mkdir()
    shutil.copy(EXAMPLES / "iris.onnx", tmp_path)
    made = Program(tmp_path)
    yield made
    made.close()


def flowers() -> list[tuple[str, str]]:
    """(measures as in a CSV, species), 150 of them."""
    lines = (EXAMPLES / "iris.csv").read_text().splitlines()[1:]
    return [(line.rpartition(",")[0], line.rpartition(",")[2]) for line in lines]


def put_rows(program: Program, rows: int) -> None:
    """A file of so many rows, in the folder at once; each has its number as `id`."""
    making = program.folder / "making.csv"
    with making.open("w") as file:
        file.write("id,sepal_length,sepal_width,petal_length,petal_width\n")
        for number, (measures, _) in enumerate(islice(cycle(flowers()), rows)):
            file.write(f"{number},{measures}\n")
    making.rename(program.folder / "flowers" / "big.csv")


async def kill_while_it_works(program: Program, chunks: int) -> int:
    """kill -9 three times, each some chunks later; gives the most memory that was used.

    On a busy machine the job may end while the program starts: then the next kill is too late.
    """
    parts = program.folder / "flowers" / ".big.csv.parts"
    manifest = program.folder / "flowers" / MANIFEST
    memory_bytes = 0
    for kill in range(1, KILLS + 1):
        least = kill * chunks // (KILLS + 1)
        await until(
            lambda least=least: count(parts) >= least or manifest.exists(),  # type: ignore[misc]
            f"{least} parts",
        )
        memory_bytes = max(memory_bytes, memory_of(program.pid))
        await program.kill()
        await program.start()
    await until(manifest.exists, "the manifest", 180.0)
    return max(memory_bytes, memory_of(program.pid))


def count(parts: Path) -> int:
    try:
        return sum(part.suffix == ".rows" for part in parts.iterdir())
    except FileNotFoundError:  # not yet, or no longer
        return 0


def memory_of(pid: int) -> int:
    """The most that a process has had in memory so far."""
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return int(line.split()[1]) * 1024


def check_output(program: Program, rows: int) -> None:
    """Every row once, in the input's order; predicted as the very same flower was before."""
    folder = program.folder / "flowers"
    manifest = json.loads((folder / MANIFEST).read_text())
    with (folder / "big.csv").open() as given, (folder / OUTPUT).open() as made:
        next(given), next(made)
        kept, expected, species = sha256(), sha256(), dict[str, str]()
        for line, row in zip(given, csv.reader(made), strict=True):
            kept.update(",".join(row[:5]).encode() + b"\n")
            expected.update(line.encode())
            measures = ",".join(row[1:5])
            assert species.setdefault(measures, row[5]) == row[5]
    assert kept.digest() == expected.digest()
    assert set(species.values()) == {"setosa", "versicolor", "virginica"}
    assert (manifest["rows"], manifest["ok"], manifest["failed"]) == (rows, rows, 0)
    digest = sha256((folder / OUTPUT).read_bytes()).hexdigest()
    assert manifest["outputs"][0]["sha256"] == digest


async def end_well(program: Program) -> None:
    """The job is told of once, its delivery is settled, and the store counts right.

    A kill after the line and before its checkpoint has the same line written again.
    """
    told = program.folder / "told.ndjson"
    await until(lambda: bool(lines(told)), "it is told")
    assert await program.terminate() == 0
    assert len({line["id"] for line in lines(told)}) == 1
    exit_code, words = program.verify()
    assert exit_code == 0, words
    assert count(program.folder / "flowers" / ".big.csv.parts") == 0


async def test_a_job_that_is_killed_three_times_predicts_every_row_once(program: Program) -> None:
    program.configuration.write_text(CONFIGURATION.replace("RATE", "30"))
    await program.start()

    put_rows(program, 100_000)
    await kill_while_it_works(program, chunks=98)

    check_output(program, 100_000)
    await end_well(program)


@pytest.mark.long
async def test_a_million_rows_and_three_kills_stay_within_two_hundred_mebibytes(
    program: Program,
) -> None:
    program.configuration.write_text(CONFIGURATION.replace("RATE", "100000"))
    await program.start()

    put_rows(program, 1_000_000)
    memory_bytes = await kill_while_it_works(program, chunks=977)

    print(f"at most {memory_bytes / 1024 / 1024:.0f} MiB")
    check_output(program, 1_000_000)
    assert memory_bytes < MEMORY_BYTES_MAX
    await end_well(program)
