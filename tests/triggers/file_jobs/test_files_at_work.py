"""A file becomes predictions, errors and a manifest, whatever happens on its way."""

import asyncio
import json
from dataclasses import replace
from hashlib import sha256

from broker.delivery import Failed, OutcomeClass
from sinks.file_batch.spec import CallSpec, FailureSpec, LimitsSpec, MatchSpec, ReadSpec
from tests.triggers.file_jobs.works import NAME, REFUSED, Works, doubled
from triggers.file_jobs.job import State

MANIFEST = "a.csv.predictions.manifest.json"
OUTPUT = "a.csv.predictions.csv"
ERRORS = "a.csv.errors.jsonl"


async def test_each_row_of_a_csv_has_its_prediction_in_its_order(works: Works) -> None:
    works.write("a.csv", range(3_000))
    await works.start()

    job = await works.predict("a.csv")

    assert job.state is State.COMPLETED
    rows = [line.partition(",")[::2] for line in works.read(OUTPUT)[1:]]
    assert [int(x) for x, _ in rows] == list(range(3_000))
    assert all(json.loads(y.strip('"').replace('""', '"')) == {"y": 2 * int(x)} for x, y in rows)


async def test_the_manifest_says_what_was_written_and_by_which_model(works: Works) -> None:
    works.write("a.csv", [1, 2, 3])
    await works.start()

    job = await works.predict("a.csv")

    manifest = json.loads((works.folder / MANIFEST).read_text())
    output = (works.folder / OUTPUT).read_bytes()
    assert (manifest["jobId"], manifest["rows"], manifest["ok"]) == (job.id, 3, 3)
    assert (manifest["model"], manifest["version"]) == ("double", "7")
    assert manifest["outputs"][0]["sha256"] == sha256(output).hexdigest()
    assert sorted(path.name for path in works.folder.iterdir()) == ["a.csv", OUTPUT, MANIFEST]


async def test_one_bad_row_in_a_thousand_is_told_and_costs_the_others_nothing(
    works: Works,
) -> None:
    works.write("a.csv", ["bad" if number == 617 else number for number in range(1_000)])
    await works.start()

    job = await works.predict("a.csv")

    (error,) = [json.loads(line) for line in works.read(ERRORS)]
    assert (job.counts.ok, job.counts.failed) == (999, 1)
    assert (error["row"], error["class"], error["error"]) == (618, "BAD_INPUT", REFUSED.message)
    assert error["input"] == {"x": "bad"}
    assert works.read(OUTPUT)[618] == "bad,"


async def test_the_life_of_a_job_is_told_by_events(works: Works) -> None:
    works.write("a.csv", [1, 2])
    await works.start()

    job = await works.predict("a.csv")

    events = await works.events()
    assert [event.type.rpartition(".")[2] for event in events] == ["accepted", "completed"]
    assert {event.attributes["jobid"] for event in events} == {job.id}
    assert {event.attributes["subject"] for event in events} == {"a.csv"}
    assert json.loads(events[1].data or b"")["manifest"] == MANIFEST


async def test_a_repeated_notification_makes_no_second_job(works: Works) -> None:
    works.write("a.csv", [1, 2])
    await works.start()
    await works.predict("a.csv")

    await works.tell("a.csv", "changed")
    await works.settled()

    assert len(works.jobs) == 1
    assert works.model.rows == [{"x": 1}, {"x": 2}]
    assert await works.dead_letters() == []


async def test_outputs_and_what_is_gone_start_nothing(works: Works) -> None:
    works.write("a.csv", [1])
    await works.start()
    await works.predict("a.csv")

    for name in (OUTPUT, MANIFEST, ERRORS, ".a.csv.parts/000000000.rows"):
        await works.tell(name)
    await works.tell("b.csv", "removed")
    await works.settled()

    assert len(works.jobs) == 1
    assert await works.dead_letters() == []


async def test_too_many_errors_fail_the_job_and_its_redrive_does_them_again(works: Works) -> None:
    works.with_(failure=FailureSpec(errors_max=5, errors_max_share=None))
    works.write("a.csv", range(4_000))
    works.model.answer = lambda record: REFUSED if record["x"] > 3_500 else doubled(record)
    await works.start()

    failed = await works.predict("a.csv")
    (letter,) = await works.dead_letters()
    works.model.answer = doubled
    assert works.partition.desk is not None
    await works.partition.desk.redrive([letter.id], "ops", "mended")
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)
    await works.settled()

    asked = [row["x"] for row in works.model.rows]
    assert (failed.state, letter.reason) == (State.FAILED, "bad_input")
    assert works.jobs[0].counts.ok == 4_000
    assert len(asked) - len(set(asked)) <= 2_048, "no more is done again than was under way"
    assert [letter.state for letter in await works.dead_letters()] == ["delivered"]


async def test_a_model_that_never_answers_fails_the_job_and_none_of_its_records(
    works: Works,
) -> None:
    works.with_(call=CallSpec(retries=0))
    works.write("a.csv", [1, 2])
    works.model.answer = lambda _: Failed(OutcomeClass.TRANSIENT, "no answer in time")
    await works.start()

    job = await works.predict("a.csv")

    (letter,) = await works.dead_letters()
    assert (job.state, letter.reason, job.failed) == (State.FAILED, "attempts", 0)
    assert "no answer in time" in letter.message


async def test_a_wrong_configuration_pauses_the_job_until_somebody_resumes_it(
    works: Works,
) -> None:
    works.write("a.csv", [1, 2])
    works.model.answer = lambda _: Failed(OutcomeClass.CONFIG, "no such model")
    await works.start()
    await works.tell("a.csv")

    await works.until(lambda: works.jobs and works.jobs[0].state is State.PAUSED)
    why, works.model.answer = works.jobs[0].why, doubled
    await works.files.resume(works.jobs[0].id, "ops")
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)

    assert why == "no such model"
    assert works.jobs[0].counts.ok == 2


async def test_a_job_beyond_its_deadline_fails_of_age(works: Works) -> None:
    works.with_(limits=LimitsSpec(deadline_seconds=0.05))
    works.write("a.csv", [1])
    works.model.gate.clear()
    await works.start()

    await works.predict("a.csv")

    (letter,) = await works.dead_letters()
    assert letter.reason == "age"


async def test_a_file_that_is_overwritten_during_its_job_is_predicted_as_it_is_then(
    works: Works,
) -> None:
    works.write("a.csv", range(5_000))
    works.model.gate.clear()
    await works.start()
    await works.tell("a.csv")
    await works.until(lambda: works.model.at_once)

    works.write("a.csv", [-1, -2])
    await works.tell("a.csv", "changed")
    works.model.gate.set()
    await works.until(lambda: any(job.state is State.COMPLETED for job in works.jobs))
    await works.settled()

    states = sorted(job.state for job in works.jobs)
    assert [line.partition(",")[0] for line in works.read(OUTPUT)] == ["x", "-1", "-2"]
    assert states == [State.COMPLETED, State.SUPERSEDED]
    assert await works.dead_letters() == []


async def test_a_cancelled_job_leaves_no_parts_and_its_event_to_the_desk(works: Works) -> None:
    works.write("a.csv", range(5_000))
    await works.start()
    works.model.hang_from(2_000)
    await works.tell("a.csv")
    await works.until(lambda: not works.model.gate.is_set())

    await works.files.cancel(works.jobs[0].id, "ops", "wrong file")
    await works.until(lambda: works.jobs[0].is_swept)
    await works.settled()

    (letter,) = await works.dead_letters()
    assert letter.reason == "operator"
    assert [path.name for path in works.folder.iterdir()] == ["a.csv"]
    assert [audit.verb for _, audit in await works.engine.records.audit()] == ["file.cancel"]


async def test_a_paused_job_goes_on_where_it_was_also_in_another_process(works: Works) -> None:
    works.write("a.csv", range(10_000))
    await works.start()
    works.model.hang_from(5_000)
    await works.tell("a.csv")
    await works.until(lambda: not works.model.gate.is_set())

    await works.files.pause(works.jobs[0].id, "ops")
    works.model.answer = doubled
    works.model.gate.set()
    await works.until(lambda: not works.files.jobs.models)
    done = works.jobs[0].rows
    await works.stop()
    await works.start()
    await works.files.resume(works.jobs[0].id, "ops")
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)

    assert 0 < done < 10_000
    assert sorted(row["x"] for row in works.model.rows) == list(range(10_000)), "each row once"


async def test_after_a_power_cut_only_the_chunks_that_were_not_done_are_done_again(
    works: Works,
) -> None:
    works.write("a.csv", range(10_000))
    await works.start()
    works.model.hang_from(6_000)
    await works.tell("a.csv")
    await works.until(lambda: not works.model.gate.is_set() and works.jobs[0].rows > 3_000)

    await works.crash()
    works.model.answer, again = doubled, len(works.model.rows)
    await works.start()
    done = works.jobs[0].rows  # as the model still hangs, these are what was durable
    works.model.gate.set()
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)
    await works.settled()

    assert len(works.model.rows) - again == 10_000 - done
    assert [int(line.partition(",")[0]) for line in works.read(OUTPUT)[1:]] == list(range(10_000))


async def test_a_part_that_somebody_touched_is_made_again(works: Works) -> None:
    works.write("a.csv", range(5_000))
    await works.start()
    works.model.hang_from(4_000)
    await works.tell("a.csv")
    await works.until(lambda: not works.model.gate.is_set() and works.jobs[0].rows >= 2_048)

    await works.stop()
    (works.folder / ".a.csv.parts" / "000000000.rows").write_text("0,broken\n")
    works.model.answer = doubled
    works.model.gate.set()
    await works.start()
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)

    assert [int(line.partition(",")[0]) for line in works.read(OUTPUT)[1:]] == list(range(5_000))


async def test_the_errors_of_a_completed_job_are_tried_again(works: Works) -> None:
    works.write("a.csv", range(200))
    works.model.answer = lambda record: REFUSED if record["x"] == 7 else doubled(record)
    await works.start()
    job = await works.predict("a.csv")

    works.model.answer = doubled
    await works.files.retry_errors(job.id, "ops")
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)

    assert job.counts.failed == 1
    assert (works.jobs[0].counts.ok, works.jobs[0].counts.failed) == (200, 0)
    assert not (works.folder / ERRORS).exists()


async def test_no_more_than_four_files_are_at_work_at_once(works: Works) -> None:
    works.model.gate.clear()
    for number in range(7):
        works.write(f"{number}.csv", [number])
    await works.start()
    for number in range(7):
        await works.tell(f"{number}.csv")

    await works.until(lambda: len(works.jobs) == 7 and works.model.at_once)
    await asyncio.sleep(0)
    states = sorted(job.state for job in works.jobs)
    works.model.gate.set()
    await works.until(lambda: all(job.state is State.COMPLETED for job in works.jobs))

    assert states.count(State.RUNNING) <= 4
    assert states.count(State.WAITING) >= 3


async def test_a_file_waits_for_its_marker(works: Works) -> None:
    works.with_(match=MatchSpec(marker="ready", settle_seconds=0.0))
    works.write("a.csv", [1])
    (works.folder / "a.csv.ready").touch()
    await works.start()

    await works.tell("a.csv.ready")
    job = await works.predict("a.csv")

    assert job.state is State.COMPLETED
    assert len(works.jobs) == 1


async def test_the_files_of_a_manifest_are_jobs_of_one_delivery(works: Works) -> None:
    works.with_(match=MatchSpec(marker="ready", settle_seconds=0.0))
    works.write("a.csv", [1])
    works.write("b.csv", [2])
    (works.folder / "all.manifest").write_text('"a.csv"\n"b.csv"\n')
    (works.folder / "a.csv.ready").touch()
    await works.start()

    await works.tell("all.manifest")
    await works.until(lambda: works.jobs and works.jobs[0].state is State.COMPLETED)
    await works.until(lambda: works.partition.lanes[NAME].parked_count == 1)  # for the second one
    (works.folder / "b.csv.ready").touch()
    await works.until(lambda: len(works.jobs) == 2 and works.jobs[1].state is State.COMPLETED)
    await works.settled()

    assert [job.source.path for job in works.jobs] == ["a.csv", "b.csv"]
    assert await works.dead_letters() == []


async def test_a_file_that_is_not_there_is_a_dead_letter(works: Works) -> None:
    await works.start()

    await works.tell("gone.csv")
    await works.settled()

    (letter,) = await works.dead_letters()
    assert letter.reason == "bad_input"
    assert "there is no such file" in letter.message


async def test_an_operator_who_removes_the_batch_ends_its_jobs(works: Works) -> None:
    works.write("a.csv", range(5_000))
    works.model.gate.clear()
    await works.start()
    await works.tell("a.csv")
    await works.until(lambda: works.model.at_once)

    works.with_(read=ReadSpec(key_field="x"), written={"read": {"keyField": "x"}, "write": {}})
    await works.apply()
    works.model.gate.set()
    await works.until(lambda: any(job.state is State.COMPLETED for job in works.jobs))
    await works.settled()

    assert sorted(job.state for job in works.jobs) == [State.COMPLETED, State.SUPERSEDED]


async def test_a_job_that_ends_the_process_again_and_again_is_given_up(works: Works) -> None:
    works.write("a.csv", [1])
    works.model.gate.clear()
    await works.start()
    await works.tell("a.csv")

    for _ in range(6):
        await works.until(lambda: works.jobs and works.jobs[0].state is State.RUNNING)
        works.files.jobs.book.put(replace(works.jobs[0]))
        await works.partition._checkpointer.flush()
        await works.crash()
        await works.start()
    await works.until(lambda: works.jobs[0].state is State.FAILED)
    await works.settled()

    (letter,) = await works.dead_letters()
    assert letter.reason == "poison"
    assert letter.place.trigger == NAME
