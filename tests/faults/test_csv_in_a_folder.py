"""The example csv-in-a-folder.yaml does what it says: a CSV becomes predictions beside it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.examples import EXAMPLES, jobs_of, running, told
from tests.faults.process import Program, until

MANIFEST = "iris.csv.predictions.manifest.json"


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    (tmp_path / "flowers").mkdir()
    async with running(tmp_path, "csv-in-a-folder.yaml", "iris.onnx") as program:
        yield program


def put(program: Program, name: str, text: str) -> None:
    """Whole: one that is still written when its folder is looked at is another file later."""
    making = program.folder / name
    making.write_text(text)
    making.rename(program.folder / "flowers" / name)


async def test_a_csv_that_is_put_into_the_folder_is_predicted(program: Program) -> None:
    folder = program.folder / "flowers"
    given = (EXAMPLES / "iris.csv").read_text().splitlines()
    text = "\n".join([*given, "wide,1,2,3,unknown"]) + "\n"
    put(program, "iris.csv", text)

    await until((folder / MANIFEST).exists, "the manifest")
    header, *made = (folder / "iris.csv.predictions.csv").read_text().splitlines()
    (error,) = (folder / "iris.csv.errors.jsonl").read_text().splitlines()

    assert header == "sepal_length,sepal_width,petal_length,petal_width,species,species_"
    assert [line.rpartition(",")[0] for line in made] == [*given[1:], "wide,1,2,3,unknown"]
    right = [line.rsplit(",", 2)[1:] for line in made[:-1]]
    assert sum(known == found for known, found in right) > 140
    assert json.loads(error)["row"] == 151
    assert (folder / "iris.csv").read_text() == text


async def test_what_a_job_writes_starts_nothing_and_all_is_settled(program: Program) -> None:
    folder = program.folder / "flowers"
    put(program, "iris.csv", (EXAMPLES / "iris.csv").read_text())
    await until((folder / MANIFEST).exists, "the manifest")
    await until(lambda: told(program) == ["accepted", "completed"], "its events")

    put(program, "second.csv", "sepal_length\n1\n")
    await until(lambda: "failed" in told(program) or len(told(program)) == 4, "the second one")

    jobs = await jobs_of(program)
    assert sorted(job["input"] for job in jobs) == ["iris.csv", "second.csv"]
    assert await program.terminate() == 0
    exit_code, words = program.verify()
    assert exit_code == 0, words
