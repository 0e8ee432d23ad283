from collections.abc import Mapping
from typing import Any

import pytest

from broker.errors import Invalid
from sinks.inference.input import Input
from sinks.inference.input_slot import InputSlot
from sinks.inference.model import Model

MATRIX = InputSlot("x", "FP32", (None, 2))
WORDS = InputSlot("words", "BYTES", (None,))


def a_model(*slots: InputSlot) -> Model:
    return Model({slot.name: slot for slot in slots}, ("y",), True, None, None)


def tensors(written: Mapping[str, Any], data: object, *slots: InputSlot) -> dict[str, object]:
    feeds = Input(written, a_model(*(slots or (MATRIX,)))).feeds(data)
    return {name: tensor.tolist() for name, tensor in feeds.tensors.items()}


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ({"b": 2, "a": 1, "c": "ignored"}, [[1.0, 2.0]]),
        ([{"a": 1, "b": 2}, {"a": 3, "b": 4}], [[1.0, 2.0], [3.0, 4.0]]),
    ],
)
def test_columns_are_fields_in_the_order_of_their_names(data: object, rows: object) -> None:
    assert tensors({"columns": {"names": ["a", "b"]}}, data) == {"x": rows}


def test_tensors_are_taken_from_their_paths_and_shaped() -> None:
    written = {
        "tensors": [
            {"name": "x", "path": "/flat", "datatype": "FP32", "shape": [-1, 2]},
            {"name": "words", "path": "$.items[*].word", "datatype": "BYTES"},
        ]
    }
    data = {"flat": [1, 2, 3, 4], "items": [{"word": "a"}, {"word": "b"}]}

    found = tensors(written, data, MATRIX, WORDS)

    assert found == {"x": [[1.0, 2.0], [3.0, 4.0]], "words": ["a", "b"]}


@pytest.mark.parametrize(
    "data",
    [
        [[1, 2]],
        {"x": [[1, 2]]},
        {"inputs": {"x": [[1, 2]]}},
        {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]},
        {"instances": [[1, 2]]},
        {"instances": [{"x": [1, 2]}]},
    ],
)
def test_without_input_the_data_itself_says_what_goes_where(data: object) -> None:
    assert tensors({}, data) == {"x": [[1.0, 2.0]]}


def test_instances_are_the_records_at_a_path() -> None:
    assert tensors({"instances": "$.rows[*]"}, {"rows": [[1, 2], [3, 4]]}) == {
        "x": [[1.0, 2.0], [3.0, 4.0]]
    }


@pytest.mark.parametrize(
    "data",
    [
        {"a": 1},
        {"a": 1, "b": "2"},
        {"a": 1, "b": None},
        [{"a": 1, "b": 2}, {"a": 1}],
        [],
        [1, 2],
        "text",
    ],
)
def test_a_missing_or_ill_typed_field_spoils_its_own_event(data: object) -> None:
    with pytest.raises(Invalid) as raised:
        tensors({"columns": {"names": ["a", "b"]}}, data)

    assert raised.value.code == "bad-tensor"


@pytest.mark.parametrize(
    "data", [[[1, 2, 3]], [1, 2], {}, {"inputs": 3}, {"inputs": [3]}, {"instances": []}, 7]
)
def test_a_shape_that_the_model_would_refuse_is_refused_before_the_call(data: object) -> None:
    with pytest.raises(Invalid) as raised:
        tensors({}, data)

    assert raised.value.code == "bad-tensor"


def test_inputs_that_differ_in_records_are_refused() -> None:
    with pytest.raises(Invalid, match="number of records"):
        tensors({}, {"x": [[1, 2]], "words": ["a", "b"]}, MATRIX, WORDS)


@pytest.mark.parametrize(
    "written",
    [
        {"columns": {"names": ["a", "b"], "tensor": "other"}},
        {"columns": {"names": ["a"]}},
        {"columns": {"names": ["a", "b"], "datatype": "BYTES"}},
        {"columns": {"names": ["a", "b"], "datatype": "FLOAT"}},
        {"tensors": []},
        {"messages": []},
        {"data": "", "instances": ""},
    ],
)
def test_an_input_that_does_not_fit_the_model_is_refused_when_made(
    written: Mapping[str, Any],
) -> None:
    with pytest.raises(Invalid) as raised:
        Input(written, a_model(MATRIX))

    assert raised.value.code == "model-input"
