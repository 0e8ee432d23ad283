"""headrace is killed while a job tells of each record: each is told of, none under two names."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.examples import lines
from tests.faults.process import ROOT, Program, until
from tests.faults.test_file_job_deaths import (
    CONFIGURATION,
    check_output,
    kill_while_it_works,
    put_rows,
)

ROWS, CHUNKS_TOGETHER = 20_000, 2
RECORDS = """---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: records}
spec:
  filters: [{exact: {type: com.example.flower}}]
  subscriber: {ref: {kind: FileSink, name: records}}
---
apiVersion: headrace.dev/v1
kind: FileSink
metadata: {name: records}
spec: {path: records.ndjson}
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    (tmp_path / "flowers").mkdir()
    shutil.copy(ROOT / "deploy" / "examples" / "iris.onnx", tmp_path)
    made = Program(tmp_path)
    progress = f"  progress: {{emit: both, checkpointEvery: {CHUNKS_TOGETHER}}}\n"
    text = CONFIGURATION.replace("RATE", "10").replace("  write: {", progress + "  write: {")
    reply = "  reply: {type: com.example.flower}\n  input:\n"
    made.configuration.write_text(text.replace("  input:\n", reply) + RECORDS)
    yield made
    made.close()


def written(program: Program) -> int:
    file = program.folder / "records.ndjson"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def rows_by_id(program: Program) -> dict[str, int]:
    found = lines(program.folder / "records.ndjson")
    return {line["id"]: int(line["filerow"]) for line in found}


@pytest.mark.long
async def test_every_record_is_told_of_under_one_id(program: Program) -> None:
    await program.start()

    put_rows(program, ROWS)
    await kill_while_it_works(program, chunks=ROWS // 1_024 // CHUNKS_TOGETHER)
    await until(lambda: written(program) >= ROWS, "as many lines as records")
    await until(lambda: len(rows_by_id(program)) >= ROWS, "an event for each record")

    check_output(program, ROWS)
    assert sorted(rows_by_id(program).values()) == list(range(1, ROWS + 1))
    assert await program.terminate() == 0
    exit_code, words = program.verify()
    assert exit_code == 0, words
