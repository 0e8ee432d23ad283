"""`headrace demo`: the real thing, and a judge that knows a wrong run from a right one."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.demo.files import (
    GOOD,
    PATIENCE_SECONDS,
    SPOILED,
    SPOILED_ROWS,
    FileTally,
    file_faults,
    spoiled,
)
from deploy.demo.irises import (
    FAILING_IDS,
    REFUSED_SPECIES,
    Iris,
    Tally,
    faults,
    measured,
    read_irises,
)
from deploy.verification import verify_folder

ROOT = Path(__file__).parents[2]
IRISES = read_irises(ROOT / "deploy" / "examples" / "iris.csv")
RIGHT = Tally(
    published=150, accepted=150, predictions=150, correct=146, delivered=97, refused=50, exhausted=3
)


def test_the_flowers_are_those_that_everybody_knows() -> None:
    assert len(IRISES) == 150
    assert IRISES[0] == Iris("iris-001", (5.1, 3.5, 1.4, 0.2), "setosa")
    assert sum(iris.species == REFUSED_SPECIES for iris in IRISES) == 50
    assert {iris.id for iris in IRISES if iris.species != REFUSED_SPECIES} > FAILING_IDS


def test_a_measurement_does_not_tell_the_model_what_it_is() -> None:
    event = measured(IRISES[0])

    assert (event.id, event.attributes["subject"]) == ("iris-001", "setosa")
    assert json.loads(event.data or b"") == {
        "sepal_length": 5.1,
        "sepal_width": 3.5,
        "petal_length": 1.4,
        "petal_width": 0.2,
    }


def test_a_right_run_has_no_faults() -> None:
    assert faults(RIGHT, IRISES) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"accepted": 149}, "accepted: 149 instead of 150"),
        ({"predictions": 151, "correct": 151}, "predictions in the file: 151 instead of 150"),
        ({"delivered": 98}, "delivered to the subscriber: 98 instead of 97"),
        ({"refused": 0}, "dead letters: refused: 0 instead of 50"),
        ({"exhausted": 2}, "dead letters: attempts used up: 2 instead of 3"),
        ({"correct": 134}, "accuracy: 89.3% instead of at least 90 %"),
    ],
)
def test_each_wrong_count_is_said(wrong: dict[str, int], said: str) -> None:
    assert faults(replace(RIGHT, **wrong), IRISES) == [said]


def test_a_run_that_did_nothing_is_wrong_in_everything() -> None:
    assert len(faults(Tally(150, 0, 0, 0, 0, 0, 0), IRISES)) == 6


def test_only_three_rows_of_the_spoiled_file_are_other_rows() -> None:
    text = (ROOT / "deploy" / "examples" / "iris.csv").read_text()

    before, after = text.splitlines(), spoiled(text).splitlines()

    changed = [row for row, line in enumerate(before) if line != after[row]]
    assert changed == list(SPOILED_ROWS)


def test_a_file_without_a_manifest_or_with_other_counts_is_a_fault() -> None:
    right = [FileTally(GOOD, 150, 150, 0, 147), FileTally(SPOILED, 150, 147, 3, 144)]
    wrong = [right[0], replace(right[1], failed=4)]

    assert file_faults(right, IRISES) == []
    assert file_faults(right[:1], IRISES) == [
        f"{SPOILED}: no manifest after {PATIENCE_SECONDS:g} s"
    ]
    assert file_faults(wrong, IRISES) == [f"{SPOILED}: 147 of 150 rows, 4 failed"]


def test_the_whole_journey_comes_to_what_it_must(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the demo's model needs it")
    words = [sys.executable, "-m", "deploy", "demo", "--once", "--folder", str(tmp_path)]

    ran = subprocess.run(
        [*words, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
        capture_output=True, text=True, timeout=120, cwd=ROOT,
    )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    (folder,) = tmp_path.iterdir()
    assert len((folder / "predictions.ndjson").read_text().splitlines()) == 150
    assert {path.name for path in (folder / "flowers").glob("*.manifest.json")} == {
        "iris.csv.predictions.manifest.json",
        "iris-with-mistakes.csv.predictions.manifest.json",
    }
    errors = (folder / "flowers" / "iris-with-mistakes.csv.errors.jsonl").read_text()
    assert [json.loads(line)["row"] for line in errors.splitlines()] == list(SPOILED_ROWS)
    (verdict,) = verify_folder(folder / "data")
    # Files told of, of each job that it began and ended, and two groups of dead letters opened.
    happened = 2 + 2 * 2 + 2
    assert (verdict.mistakes, verdict.events) == ((), 300 + happened)
