"""An event for each record with a prediction, under the same id however often it is done."""

import json
from typing import Any

import pytest

from broker.clock import SteadyClock
from broker.codec import make_event
from broker.event import Event
from sinks.file_batch.place import Place
from sinks.file_batch.record import BEGINNING, Chunk, Mark
from sinks.file_batch.results import Failure, Results
from sinks.file_batch.spec import ProgressSpec, ReadSpec
from sinks.file_batch.store import Head
from tests.triggers.file_jobs.works import REFUSED, Works, doubled
from triggers.file_jobs.job import FileJob, State
from triggers.file_jobs.record_events import PIECE_BYTES_MAX, pieces, record_events

NOW = SteadyClock().now()
JOB = FileJob(
    "j", "default/t", "default/b", Place("folder", "", "a.csv"), Head(1, "e"), "o", 5, 0, (5,), NOW
)
REPLY = {"specversion": "1.0", "id": "x", "source": "/m", "type": "r", "inferencemodel": "m",
         "causeid": "j/1-3"}  # fmt: skip


def chunk_of(rows: int) -> Chunk:
    listed: list[object] = [{"x": row} for row in range(rows)]
    return Chunk(BEGINNING, Mark(1, 9, rows), range(1, rows + 1), range(rows), listed=listed)


def told(predictions: list[Any], keys: list[Any], **results: Any) -> list[Event]:
    facts = {"replies": [REPLY] * len(predictions)} | results
    chunk = chunk_of(len(predictions))
    return record_events(JOB, chunk, keys, Results(predictions, **facts), NOW)


async def records_of(works: Works) -> list[Event]:
    await works.partition._checkpointer.flush()
    stored = await works.engine.log.read(0, 100_000, 1 << 30)
    return [one.event for one in stored if one.event.type == "r"]


def test_it_is_as_the_sink_s_replies_are_and_says_which_record_it_is_of() -> None:
    (event,) = told([{"y": 1}], ["k-1"])

    assert (event.type, event.source, event.attributes["subject"]) == ("r", "/m", "a.csv")
    names = ("jobid", "filerow", "filekey", "inferencemodel", "datacontenttype")
    assert [event.attributes[name] for name in names] == ["j", "1", "k-1", "m", "application/json"]
    assert "causeid" not in event.attributes, "its cause was no stored event"
    assert event.data == b'{"y":1}'


def test_its_id_follows_from_job_and_row() -> None:
    first, again = told([1, 2], [None, None]), told([3, 4], [None, None])

    assert [event.id for event in first] == [event.id for event in again]
    assert len({event.id for event in first}) == 2


def test_there_is_none_of_what_failed_or_had_no_reply() -> None:
    events = told(
        [1, None, 3], [None] * 3, failures={1: Failure("BAD_INPUT", "no")}, replies=[REPLY, {}, {}]
    )

    assert [event.attributes["filerow"] for event in events] == ["1"]


@pytest.mark.parametrize(
    ("key", "wanted"),
    [(7, "7"), ("a\nb", "a%0Ab"), (True, None), ({"a": 1}, None), ("", None), ("x" * 2_000, None)],
)
def test_a_key_is_an_attribute_where_it_can_be_one(key: Any, wanted: str | None) -> None:
    (event,) = told([1], [key])

    assert event.attributes.get("filekey") == wanted


def test_what_is_too_much_for_one_commit_comes_in_pieces() -> None:
    attributes = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
    small, large = make_event(attributes, b"1"), make_event(attributes, b"x" * PIECE_BYTES_MAX)

    assert [len(piece) for piece in pieces([small] * 3_000)] == [1_024, 1_024, 952]
    assert [len(piece) for piece in pieces([large] * 3)] == [1, 1, 1]
    assert [len(piece) for piece in pieces([])] == [0]


@pytest.mark.parametrize(("emit", "job_events"), [("records", 0), ("both", 2)])
async def test_each_predicted_record_is_an_event(works: Works, emit: Any, job_events: int) -> None:
    works.with_(progress=ProgressSpec(emit=emit), read=ReadSpec(key_field="x"))
    works.write("a.csv", range(3_000))
    works.model.answer = lambda record: REFUSED if record["x"] == 7 else doubled(record)
    await works.start()

    job = await works.predict("a.csv")

    events = await records_of(works)
    found = {int(one.attributes["filekey"]): json.loads(one.data or b"")["y"] for one in events}
    assert found == {x: 2 * x for x in range(3_000) if x != 7}
    assert len(events) == 2_999
    assert {one.attributes["jobid"] for one in events} == {job.id}
    assert len(await works.events()) == job_events


async def test_after_a_power_cut_no_record_is_told_of_twice(works: Works) -> None:
    works.with_(progress=ProgressSpec(emit="both"))
    works.write("a.csv", range(8_000))
    await works.start()
    works.model.hang_from(5_000)
    await works.tell("a.csv")
    await works.until(lambda: not works.model.gate.is_set() and works.jobs[0].rows > 2_000)

    await works.crash()
    works.model.answer = doubled
    works.model.gate.set()
    await works.start()
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)
    await works.settled()

    rows = sorted(int(one.attributes["filerow"]) for one in await records_of(works))
    assert rows == list(range(1, 8_001))


async def test_records_that_are_done_again_are_no_new_events(works: Works) -> None:
    works.with_(progress=ProgressSpec(emit="records"))
    works.write("a.csv", range(200))
    works.model.answer = lambda record: REFUSED if record["x"] == 7 else doubled(record)
    await works.start()
    job = await works.predict("a.csv")

    works.model.answer = doubled
    await works.files.retry_errors(job.id, "ops")
    await works.until(lambda: works.jobs[0].state is State.COMPLETED)

    rows = [int(one.attributes["filerow"]) for one in await records_of(works)]
    assert sorted(rows) == list(range(1, 201))
    assert rows[-1] == 8, "only what had failed is new"
