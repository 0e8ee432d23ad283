"""The rows of a table to an ONNX model by column: as its events, without one for each row."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import pytest

import deploy
from broker.clock import SteadyClock
from broker.delivery import Delivered
from sinks.inference.onnx import OnnxSink
from sinks.spec import InferenceSinkSpec
from tests.sinks.making import a_delivery, an_event

MODEL = Path(deploy.__file__).parent / "examples" / "iris.onnx"
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
COLUMNS: Mapping[str, Sequence[object]] = {
    "sepal_length": (5.1, 6.7, 5.9),
    "sepal_width": (3.5, 3, 3.0),
    "petal_length": (1.4, 5.2, 4.2),
    "petal_width": (0.2, 2.3, 1.5),
    "id": ("a", "b", "c"),
}


def iris() -> OnnxSink:
    columns = {"names": NAMES, "tensor": "measures", "datatype": "FP32"}
    spec = InferenceSinkSpec("default/iris", "onnx", MODEL.as_uri(), input={"columns": columns})
    return OnnxSink(spec, SteadyClock())


def soon() -> float:
    return time.monotonic() + 60.0


async def test_columns_are_predicted_as_a_list_of_their_rows_is() -> None:
    sink = iris()
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]

    (outcome,) = await sink.deliver([a_delivery(an_event(orjson.dumps(rows)))], soon())
    answer = await sink.predict_columns(COLUMNS, (), soon())
    await sink.close()

    assert isinstance(outcome, Delivered)
    assert outcome.reply is not None
    assert answer is not None
    assert orjson.loads(outcome.reply.data or b"") == answer.columns
    assert (answer.left_out, answer.model) == ([], outcome.reply.attributes["inferencemodel"])


async def test_only_the_outputs_that_are_wanted_are_given() -> None:
    sink = iris()
    await sink.open()

    answer = await sink.predict_columns(COLUMNS, ("species", "unknown"), soon())
    await sink.close()

    assert answer is not None
    assert answer.columns == {"species": ["setosa", "virginica", "versicolor"]}


@pytest.mark.parametrize("odd", ["abc", None, True, [1.0]])
async def test_a_row_that_holds_no_number_is_left_out(odd: object) -> None:
    sink = iris()
    await sink.open()

    columns = {**COLUMNS, "petal_length": (1.4, odd, 4.2)}
    answer = await sink.predict_columns(columns, ("species",), soon())
    await sink.close()

    assert answer is not None
    assert answer.left_out == [1]
    assert answer.columns == {"species": ["setosa", "versicolor"]}


@pytest.mark.parametrize(
    "columns",
    [
        {name: COLUMNS[name] for name in NAMES[1:]},
        {**COLUMNS, "petal_length": (1.4, 1e300, 4.2)},
        {**COLUMNS, "petal_length": (1.4, 10**400, 4.2)},
        {**COLUMNS, "petal_length": ("a", "b", "c")},
    ],
    ids=["column-missing", "too-large-a-float", "too-large-an-integer", "text"],
)
async def test_where_all_rows_are_to_be_judged_nothing_is_said(
    columns: Mapping[str, Sequence[object]],
) -> None:
    sink = iris()
    await sink.open()

    answer = await sink.predict_columns(columns, (), soon())
    await sink.close()

    assert answer is None
