"""`retry-errors` of a job that is complete: only what had failed is predicted, and joined in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from broker.delivery import Failed, OutcomeClass
from sinks.file_batch.spec import CsvSpec, FailureSpec, ReadSpec, WriteSpec
from tests.triggers.file_jobs.works import REFUSED, Works, doubled
from triggers.file_jobs.job import State

OUTPUT, ERRORS = "a.csv.predictions.csv", "a.csv.errors.jsonl"
BAD = {7, 1_500, 2_999}


@pytest.fixture
async def works(tmp_path: Path) -> AsyncIterator[Works]:
    made = Works(tmp_path)
    yield made
    await made.stop()


def without(bad: set[int]) -> Any:
    return lambda record: REFUSED if record["x"] in bad else doubled(record)


async def completed(works: Works, rows: object = range(3_000), bad: set[int] = BAD) -> str:
    """The id of a job that is complete, with errors."""
    works.write("a.csv", list(rows))  # type: ignore[call-overload]
    works.model.answer = without(bad)
    await works.start()
    job = await works.predict("a.csv")
    assert (job.state, job.failed > 0) == (State.COMPLETED, True)
    works.model.rows.clear()
    return job.id


async def again(works: Works, id: str, bad: frozenset[int] = frozenset()) -> None:
    works.model.answer = without(set(bad))
    await works.files.retry_errors(id, "ops")
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)


def asked_for(works: Works) -> list[int]:
    return sorted(record["x"] for record in works.model.rows)


async def test_only_records_that_had_failed_are_predicted(works: Works) -> None:
    named = await completed(works)

    await again(works, named)

    assert asked_for(works) == sorted(BAD)
    assert (works.jobs[0].counts.ok, works.jobs[0].counts.failed) == (3_000, 0)
    assert not (works.folder / ERRORS).exists()


async def test_the_output_is_as_if_none_had_failed(works: Works) -> None:
    named = await completed(works)

    await again(works, named)

    lines = [f'{x},"{{""y"":{2 * x}}}"' for x in range(3_000)]
    assert works.read(OUTPUT) == ["x,prediction", *lines]
    manifest = orjson.loads((works.folder / "a.csv.predictions.manifest.json").read_bytes())
    assert (manifest["rows"], manifest["ok"], manifest["failed"]) == (3_000, 3_000, 0)


async def test_what_fails_again_stays_among_the_errors(works: Works) -> None:
    named = await completed(works)

    await again(works, named, frozenset({1_500}))

    errors = [orjson.loads(line) for line in works.read(ERRORS)]
    assert [error["row"] for error in errors] == [1_501]
    assert (works.jobs[0].counts.ok, works.jobs[0].counts.failed) == (2_999, 1)
    assert works.read(OUTPUT)[1_501] == "1500,"


async def test_it_may_be_tried_as_often_as_one_likes(works: Works) -> None:
    named = await completed(works)
    await again(works, named, frozenset({1_500}))
    works.model.rows.clear()

    await again(works, named)

    assert asked_for(works) == [1_500]
    assert works.jobs[0].counts.ok == 3_000


async def test_rows_that_cannot_be_read_stay_errors_and_shift_nothing(works: Works) -> None:
    rows = [*range(1_100), "1,2", *range(1_100, 1_200), "3,4", *range(1_200, 2_500)]
    named = await completed(works, rows, {5, 1_150, 2_400})

    await again(works, named)

    assert asked_for(works) == [5, 1_150, 2_400]
    assert [orjson.loads(line)["class"] for line in works.read(ERRORS)] == ["BAD_RECORD"] * 2
    assert [line.partition(",")[0] for line in works.read(OUTPUT)[1:]] == [
        str(x) for x in range(2_500)
    ]


@pytest.mark.parametrize("made", ["json", "jsonl"])
async def test_json_is_joined_in_too(works: Works, made: Any) -> None:
    works.with_(write=WriteSpec(format=made))
    named = await completed(works)

    await again(works, named)

    text = (works.folder / f"a.csv.predictions.{made}").read_text()
    lines = orjson.loads(text) if made == "json" else [orjson.loads(e) for e in text.splitlines()]
    assert asked_for(works) == sorted(BAD)
    assert lines == [{"x": x, "prediction": {"y": 2 * x}} for x in range(3_000)]


async def test_a_csv_of_its_own_dialect_keeps_it(works: Works) -> None:
    works.with_(read=ReadSpec(csv=CsvSpec(delimiter=";", quote="'")))
    (works.folder / "a.csv").write_text("x;t\r\n1;'a;\r\nb'\r\n2;c\r\n", newline="")
    works.model.answer = without({2})
    await works.start()
    job = await works.predict("a.csv")

    await again(works, job.id)

    written = (works.folder / OUTPUT).read_bytes()
    assert written == b'x;t;prediction\r\n1;\'a;\r\nb\';{"y":2}\r\n2;c;{"y":4}\r\n'


async def test_an_output_that_somebody_has_changed_tells_nothing(works: Works) -> None:
    named = await completed(works)
    (works.folder / OUTPUT).write_text("x,prediction\n" + "0,1\n" * 3_000)

    await again(works, named)

    assert asked_for(works) == list(range(3_000)), "so all is predicted"
    assert works.read(OUTPUT)[3_000] == '2999,"{""y"":5998}"'


@pytest.mark.parametrize(
    "groups",
    [
        {"failure": FailureSpec(on_record_error="skip")},
        {"write": WriteSpec(order="completion")},
        {"write": WriteSpec(format="parquet")},
        {"write": WriteSpec(join="none", output_filter=("y",))},
    ],
)
async def test_where_rows_cannot_be_told_all_is_predicted(works: Works, groups: Any) -> None:
    works.with_(**groups)
    named = await completed(works)

    await again(works, named)

    assert asked_for(works) == list(range(3_000))
    assert (works.jobs[0].counts.ok, works.jobs[0].failed) == (3_000, 0)


async def test_after_a_death_it_goes_on_with_what_had_failed(works: Works) -> None:
    named = await completed(works, [*range(500), "1,2", *range(500, 3_000)])
    busy = Failed(OutcomeClass.OVERLOAD, "busy", retry_after_seconds=0.2)
    works.model.answer = lambda record: busy if record["x"] == 2_999 else doubled(record)
    await works.files.retry_errors(named, "ops")
    await works.until(lambda: works.jobs[0].chunks >= 2)

    await works.crash()
    works.model.answer = doubled
    await works.start()
    await asyncio.wait_for(works.until(lambda: works.jobs[0].state is State.COMPLETED), 60)

    assert set(asked_for(works)) == BAD
    assert works.jobs[0].counts.ok == 3_000
    assert [line.partition(",")[0] for line in works.read(OUTPUT)[1:]] == [
        str(x) for x in range(3_000)
    ]
