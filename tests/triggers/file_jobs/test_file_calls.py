"""Calls of a job: who fails alone, what is tried again, what stops all, who goes first."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Failed, OutcomeClass
from sinks.file_batch.sink import FileBatchSink
from sinks.file_batch.spec import CallSpec, LimitsSpec
from sinks.spec import FileBatchSinkSpec
from sinks.target import Target
from tests.triggers.file_jobs.works import REFUSED, Works, doubled
from triggers.file_jobs.admission import Admission
from triggers.file_jobs.calls import Calls
from triggers.file_jobs.ends import JobFails, JobPauses
from triggers.file_jobs.requests import Origin, Record, record_of

ORIGIN = Origin("default/t", 5, "file/j", "/default/b/t", "a.csv", "j")


def calls_of(works: Works, **call: Any) -> Calls:
    spec = replace(works.spec, call=CallSpec(**call))
    sink = FileBatchSink(
        FileBatchSinkSpec(spec, works.model_spec), (works.model, works.target),
        lambda *_: None, works.clock, lambda _: works.files.desk,
    )  # fmt: skip
    admission = Admission(works.clock, lambda _: False)
    return Calls(ORIGIN, sink, admission, works.clock)


def records(count: int, bad: int | None = None) -> list[Record]:
    return [record_of(at + 1, {"x": "bad" if at == bad else at}) for at in range(count)]


@pytest.fixture
def works(tmp_path: Path) -> Works:
    return Works(tmp_path)


async def test_as_many_records_as_said_go_in_a_call(works: Works) -> None:
    results = await calls_of(works, batch_size=64).predict(records(256))

    assert works.model.calls == 4
    assert results.predictions == [{"y": 2 * x} for x in range(256)]


async def test_a_call_is_no_larger_than_said(works: Works) -> None:
    await calls_of(works, payload_bytes_max=40).predict(records(9))

    assert works.model.calls == 2


async def test_without_a_size_calls_grow_while_they_are_answered_well(works: Works) -> None:
    sizes: list[int] = []
    works.model.heard = sizes.append

    await calls_of(works, batch_size=None, calls_at_once=1).predict(records(500))

    assert sizes[0] == 8
    assert sizes[-2] > 16
    assert max(sizes) <= works.model_spec.batch_max_records
    assert sum(sizes) == 500


async def test_without_a_size_a_call_that_was_too_large_makes_the_next_ones_smaller(
    works: Works,
) -> None:
    sizes: list[int] = []
    works.model.heard = sizes.append
    works.model.records_max = 5

    results = await calls_of(works, batch_size=None, calls_at_once=1).predict(records(50))

    assert sizes[0] == 8
    assert max(sizes[1:]) == 6, "it keeps trying one more than it was refused"
    assert results.failures == {}


async def test_one_bad_record_among_64_is_found_by_halving(works: Works) -> None:
    results = await calls_of(works).predict(records(64, bad=17))

    assert list(results.failures) == [17]
    assert results.failures[17].outcome_class == "BAD_INPUT"
    assert works.model.calls == 1 + 2 * 6
    assert results.predictions[16:19] == [{"y": 32}, None, {"y": 36}]


async def test_without_halving_a_bad_record_spoils_its_call(works: Works) -> None:
    results = await calls_of(works, batch_size=4, bisects=False).predict(records(8, bad=1))

    assert list(results.failures) == [0, 1, 2, 3]


async def test_a_call_without_an_answer_is_made_again(works: Works) -> None:
    answers = iter([Failed(OutcomeClass.TRANSIENT, "reset")])
    works.model.answer = lambda record: next(answers, None) or doubled(record)

    results = await calls_of(works).predict(records(2))

    assert results.predictions == [{"y": 0}, {"y": 2}]
    assert works.model.calls == 2


async def test_no_answer_at_all_fails_the_job(works: Works) -> None:
    works.model.answer = lambda _: Failed(OutcomeClass.TRANSIENT, "reset")

    with pytest.raises(JobFails) as failed:
        await calls_of(works, retries=1).predict(records(2))

    assert failed.value.verdict.reason == "attempts"
    assert works.model.calls == 2


async def test_overload_and_sleep_use_no_attempt(works: Works) -> None:
    busy = Failed(OutcomeClass.OVERLOAD, "busy", is_held=True)
    answers = iter([busy, Failed(OutcomeClass.NOT_READY, "asleep")])
    works.model.answer = lambda record: next(answers, None) or doubled(record)

    results = await calls_of(works, retries=0).predict(records(1))

    assert results.predictions == [{"y": 0}]


async def test_a_refusal_is_the_record_s_also_where_the_model_is_then_spared(works: Works) -> None:
    works.model.answer = lambda _: replace(REFUSED, is_held=True)

    results = await calls_of(works).predict(records(1))

    assert list(results.failures) == [0]


async def test_a_wrong_configuration_pauses_and_loses_nothing(works: Works) -> None:
    works.model.answer = lambda _: Failed(OutcomeClass.CONFIG, "wrong key")

    with pytest.raises(JobPauses, match="wrong key"):
        await calls_of(works).predict(records(2))


async def test_only_so_many_calls_are_made_at_once(works: Works) -> None:
    await calls_of(works, batch_size=1, calls_at_once=2).predict(records(20))

    assert works.model.at_once_max == 2


async def test_while_live_events_wait_a_job_has_its_share_of_the_calls() -> None:
    target, living = Target("m", lambda: 0.5), True
    admission = Admission(SteadyClock(), lambda _: living)
    for _ in range(2):
        await admission.enter(target, calls_max=8, share=LimitsSpec().share)

    third = asyncio.create_task(admission.enter(target, 8, LimitsSpec().share))
    _, waiting = await asyncio.wait([third], timeout=0.1)
    living = False
    await asyncio.wait_for(third, 60.0)

    assert waiting, "a quarter of eight calls is two"


async def test_no_call_is_made_while_the_model_is_to_be_spared(works: Works) -> None:
    target, clock = Target("m", lambda: 0.5), SteadyClock()
    admission = Admission(clock, lambda _: False)
    await admission.enter(target, 2, 0.25)
    began = clock.monotonic()

    spared = Failed(OutcomeClass.OVERLOAD, "busy", status=429, retry_after_seconds=0.2)
    admission.leave(target, [spared])
    await admission.enter(target, 2, 0.25)
    admission.leave(target, [Delivered()])

    assert clock.monotonic() - began >= 0.2
