from collections.abc import Mapping
from typing import Any

import numpy
import orjson
import pytest

from broker.errors import Invalid
from sinks.inference.onnx_output import cut, taken
from sinks.inference.output import Output, takes_of

LABEL = numpy.array([2])
CHANCES = numpy.array([[0.25, float("nan"), float("inf")]], dtype=numpy.float32)


def reply(written: Mapping[str, Any], event_data: bytes = b"{}") -> object:
    output = Output(written, takes_of("onnx", "predict"))
    given = taken(output.take, ("label", "chances"), [LABEL, CHANCES], "iris")
    return orjson.loads(output.data(given, event_data))


def test_tensors_are_the_default_and_nan_is_null() -> None:
    assert reply({}) == {"label": [2], "chances": [[0.25, None, None]]}


def test_predictions_of_one_record_are_unwrapped() -> None:
    assert reply({"take": "predictions"}) == 2


def test_raw_is_the_answer_of_the_open_inference_protocol() -> None:
    found = reply({"take": "raw"})

    assert isinstance(found, dict)
    assert found["model_name"] == "iris"
    assert found["outputs"][0] == {
        "name": "label",
        "datatype": "INT64",
        "shape": [1],
        "data": [2],
    }


@pytest.mark.parametrize(("path", "found"), [("/label/0", 2), ("$.chances[*][0]", [0.25])])
def test_a_path_takes_a_part(path: str, found: object) -> None:
    assert reply({"path": path}) == found


def test_a_path_that_finds_nothing_is_said() -> None:
    with pytest.raises(Invalid, match="nothing at"):
        reply({"path": "/other"})


def test_merging_keeps_the_bytes_of_the_event_s_own_values() -> None:
    output = Output({"mergeUnder": "p", "path": "/label/0"}, ["raw"])

    merged = output.data({"label": [2]}, b'{"n": 12345678901234567890123, "p": 0}')

    assert merged == b'{"n":12345678901234567890123,"p":2}'


@pytest.mark.parametrize("event_data", [b"[1, 2]", b"7", b'"text"'])
def test_merging_into_what_is_no_object_keeps_it_as_input(event_data: bytes) -> None:
    found = reply({"mergeUnder": "p", "path": "/label/0"}, event_data)

    assert found == {"input": orjson.loads(event_data), "p": 2}


def test_lists_of_maps_are_data_too() -> None:
    given = taken("tensors", ("chances",), [[{0: 0.5, 1: 0.5}]], "iris")

    zipped = Output({}, ["tensors"]).data(given, b"{}")

    assert zipped == b'{"chances":[{"0":0.5,"1":0.5}]}'


def test_outputs_are_cut_by_the_records_of_each_event() -> None:
    first, second = cut([numpy.array([1, 2, 3]), [{"a": 1}, {"a": 2}, {"a": 3}]], [1, 2])

    assert [list(part) for part in first] == [[1], [{"a": 1}]]  # type: ignore[call-overload]
    assert [list(part) for part in second] == [[2, 3], [{"a": 2}, {"a": 3}]]  # type: ignore[call-overload]


@pytest.mark.parametrize("output", [numpy.array([1]), numpy.array(1), [{}], "text"])
def test_an_output_of_other_length_is_no_answer(output: object) -> None:
    with pytest.raises(Invalid) as raised:
        cut([output], [2])

    assert raised.value.code == "bad-answer"


@pytest.mark.parametrize("written", [{"take": "text"}, {"merge": "x"}, {"path": "label"}])
def test_what_an_output_cannot_mean_is_refused_when_made(written: Mapping[str, Any]) -> None:
    with pytest.raises(Invalid):
        Output(written, takes_of("onnx", "predict"))
