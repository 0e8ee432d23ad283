"""Chunks that are written and noted together, and in which order they come into the file."""

from pathlib import Path

import pytest

from broker.delivery import Failed, OutcomeClass
from sinks.file_batch.spec import CallSpec, FailureSpec, ProgressSpec, WriteSpec
from tests.triggers.file_jobs.works import REFUSED, Works, doubled
from triggers.file_jobs.job import State
from triggers.file_jobs.noting import runs_of

OUTPUT = "a.csv.predictions.csv"
PARTS = ".a.csv.parts"


def inputs(works: Works) -> list[int]:
    return [int(line.partition(",")[0]) for line in works.read(OUTPUT)[1:]]


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / PARTS).glob("*.rows"))


@pytest.mark.parametrize(
    ("numbers", "runs"),
    [([], []), ([3], [[3]]), ([0, 1, 2], [[0, 1, 2]]), ([0, 2, 3, 7], [[0], [2, 3], [7]])],
)
def test_neighbours_are_one_run(numbers: list[int], runs: list[list[int]]) -> None:
    assert runs_of(numbers) == runs


async def test_several_chunks_are_one_part_and_one_row(works: Works) -> None:
    works.with_(progress=ProgressSpec(checkpoint_chunks=4), call=CallSpec(calls_at_once=1))
    works.write("a.csv", range(10_000))
    works.model.answer = lambda record: (
        Failed(OutcomeClass.CONFIG, "stop") if record["x"] == 9_000 else doubled(record)
    )
    await works.start()
    await works.tell("a.csv")
    await works.until(lambda: works.jobs and works.jobs[0].state is State.PAUSED)

    written = parts(works.folder)
    works.model.answer = doubled
    await works.files.resume(works.jobs[0].id, "ops")
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)

    assert 2 <= len(written) < 8
    assert inputs(works) == list(range(10_000))
    assert (works.jobs[0].chunks, works.jobs[0].counts.ok) == (10, 10_000)


async def test_after_a_power_cut_what_was_held_is_done_again_and_no_row_is_twice(
    works: Works,
) -> None:
    works.with_(progress=ProgressSpec(checkpoint_chunks=3))
    works.write("a.csv", range(12_000))
    await works.start()
    works.model.hang_from(9_000)
    await works.tell("a.csv")
    await works.until(lambda: not works.model.gate.is_set() and works.jobs[0].rows > 3_000)

    await works.crash()
    works.model.answer, again = doubled, len(works.model.rows)
    await works.start()
    done = works.jobs[0].rows  # as the model still hangs, these are what was durable
    works.model.gate.set()
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)

    assert len(works.model.rows) - again == 12_000 - done
    assert inputs(works) == list(range(12_000))


async def test_what_is_held_counts_where_a_job_has_too_many_errors(works: Works) -> None:
    works.with_(
        progress=ProgressSpec(checkpoint_chunks=100),
        failure=FailureSpec(errors_max=5, errors_max_share=None),
    )
    works.write("a.csv", range(9_000))
    busy = Failed(OutcomeClass.OVERLOAD, "busy", retry_after_seconds=0.05)
    works.model.answer = lambda record: (
        REFUSED if record["x"] < 10 else busy if record["x"] >= 4_096 else doubled(record)
    )
    await works.start()

    job = await works.predict("a.csv")

    assert (job.state, job.counts.failed) == (State.FAILED, 10)
    assert job.rows <= 4_096, "it ends early"


async def test_errors_of_chunks_noted_together_are_tried_again_in_another_cut(
    works: Works,
) -> None:
    works.with_(progress=ProgressSpec(checkpoint_chunks=4), failure=FailureSpec(errors_max=0))
    works.write("a.csv", range(5_000))
    works.model.answer = lambda record: REFUSED if record["x"] == 4_500 else doubled(record)
    await works.start()
    job = await works.predict("a.csv")

    works.model.answer = doubled
    works.with_(progress=ProgressSpec(checkpoint_chunks=1))
    await works.apply()
    await works.files.retry_errors(job.id, "ops")
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)

    assert job.state is State.FAILED
    assert (works.jobs[0].counts.ok, works.jobs[0].counts.failed) == (5_000, 0)
    assert inputs(works) == list(range(5_000))


async def test_rows_may_come_in_the_order_in_which_their_chunks_were_done(works: Works) -> None:
    works.with_(write=WriteSpec(order="completion"), call=CallSpec(calls_at_once=8))
    works.write("a.csv", range(4_000))
    slow = iter([Failed(OutcomeClass.TRANSIENT, "reset")])
    works.model.answer = lambda record: (
        next(slow, None) or doubled(record) if record["x"] == 0 else doubled(record)
    )
    await works.start()

    await works.predict("a.csv")

    assert sorted(inputs(works)) == list(range(4_000))
    assert inputs(works)[0] == 1_024, "the first chunk had to wait for its second attempt"
