"""Rows of a table go to a model by column, as many as said; odd ones as any other records."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.delivery import OutcomeClass
from sinks.file_batch.selecting import Sent
from sinks.file_batch.spec import CallSpec, FailureSpec, ProgressSpec
from sinks.inference.column_answer import ColumnAnswer
from tests.triggers.file_jobs.test_file_calls import calls_of
from tests.triggers.file_jobs.works import ScriptedModel, Works
from triggers.file_jobs.job import State
from triggers.file_jobs.opened import Prepared
from triggers.file_jobs.table_calls import predict_table


class ColumnModel(ScriptedModel):
    """Implements `sinks.file_batch.columnar.PredictsColumns`: doubles numbers, leaves out texts."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.is_mute = False

    async def predict_columns(
        self, columns: Mapping[str, Sequence[Any]], wanted: Sequence[str], deadline: float
    ) -> ColumnAnswer | None:
        self.sizes.append(len(columns["x"]))
        left_out = [at for at, x in enumerate(columns["x"]) if isinstance(x, str)]
        doubled = [2 * x for x in columns["x"] if not isinstance(x, str)]
        return None if self.is_mute else ColumnAnswer({"y": doubled}, left_out, "double", "7")


@pytest.fixture
def model() -> ColumnModel:
    return ColumnModel()


@pytest.fixture
def works(tmp_path: Path, model: ColumnModel) -> Works:
    made = Works(tmp_path)
    made.model = model
    return made


async def test_a_chunk_of_nothing_but_bad_records_makes_no_call(works: Works, model: Any) -> None:
    works.with_(failure=FailureSpec(errors_max=5_000))
    works.write("a.csv", [0, *["1,2"] * 2_500, 3])
    await works.start()

    job = await works.predict("a.csv")

    assert (job.state, job.counts.ok, job.counts.failed) == (State.COMPLETED, 2, 2_500)
    assert all(model.sizes)


def table(values: Sequence[Any]) -> Prepared:
    keys, rows = [None] * len(values), [at + 1 for at in range(len(values))]
    return Prepared(Sent(keys, {"x": [*values]}, lambda: [{"x": x} for x in values]), rows)


async def test_a_table_goes_in_calls_of_the_size_that_is_said(
    works: Works, model: ColumnModel
) -> None:
    calls = calls_of(works, batch_size=64)

    results = await predict_table(calls, table(range(150)))

    assert results is not None
    assert model.sizes == [64, 64, 22]
    assert list(results.predictions) == [{"y": 2 * x} for x in range(150)]
    assert (model.calls, calls.told.model, calls.told.version) == (0, "double", "7")


async def test_no_call_of_a_table_has_more_bytes_than_are_allowed(
    works: Works, model: ColumnModel
) -> None:
    values = ["x" * 100] * 4 + ["y" * 900] * 3 + ["z"] * 5

    await predict_table(calls_of(works, batch_size=6, payload_bytes_max=500), table(values))

    assert model.sizes == [3, 1, 1, 1, 1, 5]


async def test_a_csv_goes_in_calls_of_so_many_bytes(works: Works, model: ColumnModel) -> None:
    works.with_(call=CallSpec(batch_size=1_000, payload_bytes_max=1_000))
    works.write("a.csv", range(10_000, 11_000))
    await works.start()

    job = await works.predict("a.csv")

    assert (job.state, job.counts.ok) == (State.COMPLETED, 1_000)
    assert max(model.sizes) <= 1_000 // len("10000,")
    assert sum(model.sizes) == 1_000


async def test_without_a_size_calls_of_a_table_grow(works: Works, model: ColumnModel) -> None:
    await predict_table(calls_of(works, batch_size=None, calls_at_once=1), table(range(500)))

    assert model.sizes[0] == 8
    assert model.sizes[-2] > 16
    assert sum(model.sizes) == 500


async def test_rows_that_are_left_out_are_judged_as_records(
    works: Works, model: ColumnModel
) -> None:
    values: list[Any] = [1, "bad", 3, 4, "bad"]

    results = await predict_table(calls_of(works, batch_size=2), table(values))

    assert results is not None
    assert list(results.predictions) == [{"y": 2}, None, {"y": 6}, {"y": 8}, None]
    assert list(results.failures) == [1, 4]
    assert {each.outcome_class for each in results.failures.values()} == {
        OutcomeClass.BAD_INPUT.name
    }


async def test_where_one_call_says_nothing_all_are_to_be_sent_as_records(
    works: Works, model: ColumnModel
) -> None:
    model.is_mute = True

    results = await predict_table(calls_of(works, calls_at_once=1), table(range(150)))

    assert results is None
    assert model.sizes == [64], "and no more of it is tried"


async def test_where_an_event_tells_of_each_record_none_goes_by_column(
    works: Works, model: ColumnModel
) -> None:
    works.spec = replace(works.spec, progress=ProgressSpec(emit="both"))

    results = await predict_table(calls_of(works), table(range(3)))

    assert (results, model.sizes) == (None, [])
