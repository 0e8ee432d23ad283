from typing import Any

import orjson
import pytest

from broker.errors import Invalid
from sinks.inference.classes.learning import Learned
from sinks.inference.input_slot import InputSlot
from tests.sinks.inference.protocol_bench import body, items, parts, protocol, refused, sent

COLUMNS = {"columns": {"names": ["a", "b"], "tensor": "x", "datatype": "FP32"}}
RAW = Learned("triton", is_binary=True)


def outputs(*given: tuple[str, list[int], list[Any]], **more: Any) -> dict[str, Any]:
    described = [
        {"name": name, "shape": shape, "datatype": "INT64", "data": data}
        for name, shape, data in given
    ]
    return {"model_name": "iris", "outputs": described, **more}


def test_a_request_is_flat_row_major_and_named_after_its_event() -> None:
    request = sent(protocol("v2", input=COLUMNS), [{"a": 5.1, "b": 3.5}, {"a": 6.7, "b": 3.0}])

    assert request.path == "/v2/models/iris/infer"
    assert request.body == (
        b'{"id":"e-0","inputs":[{"name":"x","shape":[2,2],"datatype":"FP32",'
        b'"data":[5.1,3.5,6.7,3.0]}]}'
    )


def test_a_version_stands_in_the_paths() -> None:
    made = protocol("v2", version="3", input=COLUMNS)

    assert sent(made, {"a": 1, "b": 2}).path == "/v2/models/iris/versions/3/infer"
    assert made.probe_paths() == ("/v2/models/iris/versions/3/ready",)


def test_a_batch_sums_dim_0_and_is_named_after_its_first_delivery() -> None:
    made = protocol("v2", input=COLUMNS)
    data = [{"a": 1, "b": 2}, [{"a": 3, "b": 4}, {"a": 5, "b": 6}]]

    joined = body(made, *data)
    first, second = parts(made, data, outputs(("y", [3, 1], [7, 8, 9])))

    assert joined["id"] == "delivery0"
    assert joined["inputs"][0]["shape"] == [3, 2]
    assert joined["inputs"][0]["data"] == [1, 2, 3, 4, 5, 6]
    assert (first.value, second.value) == ({"y": [[7]]}, {"y": [[8], [9]]})


@pytest.mark.parametrize("shape", [[2], [2, 1]])
def test_answers_may_be_flat_or_of_columns(shape: list[int]) -> None:
    made = protocol("v2", input=COLUMNS, output={"take": "predictions"})

    first, _ = parts(made, [{"a": 1, "b": 2}] * 2, outputs(("y", shape, [7, 8])))

    assert first.value == (7 if shape == [2] else [7])


@pytest.mark.parametrize(
    ("input", "data", "expected"),
    [
        (
            {"tensors": [{"name": "x", "path": "/flat", "datatype": "INT32", "shape": [-1, 2]}]},
            {"flat": [1, 2, 3, 4]},
            [{"name": "x", "shape": [2, 2], "datatype": "INT32", "data": [1, 2, 3, 4]}],
        ),
        (
            {"instances": "$.rows[*]"},
            {"rows": [{"x": 1.5, "ok": True}, {"x": 2.5, "ok": False}]},
            [
                {"name": "x", "shape": [2], "datatype": "FP64", "data": [1.5, 2.5]},
                {"name": "ok", "shape": [2], "datatype": "BOOL", "data": [True, False]},
            ],
        ),
        (
            {"instances": ""},
            [1, 2],
            [{"name": "input-0", "shape": [1, 2], "datatype": "INT64", "data": [1, 2]}],
        ),
        (
            {"bytes": {"name": "image"}},
            b"\x89PNG",
            [{"name": "image", "shape": [1], "datatype": "BYTES", "data": ["iVBORw=="]}],
        ),
        (
            {"bytes": {"name": "text", "as": "raw"}},
            "grün".encode(),
            [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["grün"]}],
        ),
    ],
)
def test_input_says_what_the_tensors_are(input: Any, data: Any, expected: Any) -> None:
    assert body(protocol("v2", input=input), data)["inputs"] == expected


def test_a_request_of_the_protocol_goes_as_it_is_under_our_id() -> None:
    entry = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [[1, 2]]}
    written = {
        "id": "theirs",
        "inputs": [entry],
        "outputs": [{"name": "y"}],
        "parameters": {"p": 1},
    }

    found = body(protocol("v2"), written)

    assert found == {
        "id": "e-0",
        "parameters": {"p": 1},
        "inputs": [{**entry, "data": [1, 2]}],
        "outputs": [{"name": "y"}],
    }


def test_parameters_are_the_request_s() -> None:
    made = protocol("v2", input={**COLUMNS, "parameters": {"content_type": "np"}})

    assert body(made, {"a": 1, "b": 2})["parameters"] == {"content_type": "np"}


def test_only_tensors_of_one_shape_share_a_request() -> None:
    made = protocol("v2", input={"tensors": [{"name": "x", "datatype": "FP32"}]})

    narrow, same, wide = items(made, [[1, 2]], [[3, 4]], [[1, 2, 3]])

    assert narrow.key == same.key
    assert narrow.key != wide.key


def test_what_the_model_declares_fills_what_is_not_written() -> None:
    learned = Learned("triton", inputs={"X": InputSlot("X", "FP32", (None, 2))})

    made = protocol("v2", learned, input={"columns": {"names": ["a", "b"]}})

    assert body(made, {"a": 1, "b": 2})["inputs"] == [
        {"name": "X", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}
    ]
    with pytest.raises(Invalid, match="no input 'x'"):
        protocol("v2", learned, input=COLUMNS)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"outputs": []}, "has no outputs"),
        ({"error": "x"}, "has no outputs"),
        (outputs(("y", [3], [1, 2, 3])), "has 3 rows for 2 records"),
        (outputs(("y", [2, 2], [1, 2])), "has 2 values, not [2, 2]"),
        ({"outputs": [{"name": "y", "data": [1, 2]}]}, "has no shape"),
        ({"outputs": [{"name": "y", "shape": [2]}]}, "has no data"),
    ],
)
def test_an_answer_that_does_not_fit_the_batch_is_none(answer: Any, why: str) -> None:
    made = protocol("v2", input=COLUMNS)

    assert why in refused(made, [{"a": 1, "b": 2}] * 2, answer)


def test_a_single_event_s_outputs_may_have_another_dim_0() -> None:
    made = protocol("v2", input=COLUMNS)

    (boxes,) = parts(made, [{"a": 1, "b": 2}], outputs(("boxes", [2, 2], [1, 2, 3, 4])))
    nothing = refused(made, [{"a": 1, "b": 2}], outputs(("y", [0], [])))

    assert boxes.value == {"boxes": [[1, 2], [3, 4]]}
    assert "no output has a row" in nothing


def test_the_version_that_answered_is_a_fact_and_0_3_headers_are_none() -> None:
    answer = orjson.dumps(outputs(("y", [1], [0]), model_version="v1", id="e-0"))
    old = (("ce-specversion", "0.3"), ("ce-id", "42"), ("ce-source", "io.seldon"), ("ce-type", "t"))

    (part,) = parts(protocol("v2", input=COLUMNS), [{"a": 1, "b": 2}], answer, *old)

    assert part.facts == {"inferenceversion": "v1"}
    assert part.event is None


def test_raw_is_the_answer_with_the_event_s_own_rows() -> None:
    made = protocol("v2", input=COLUMNS, output={"take": "raw"})

    _, second = parts(made, [{"a": 1, "b": 2}] * 2, outputs(("y", [2], [7, 8]), id="delivery0"))

    assert second.value == outputs(("y", [1], [8]))


@pytest.mark.parametrize(
    ("input", "data"),
    [
        ({}, {"instances": [1]}),
        ({}, {"inputs": []}),
        ({}, {"inputs": [{"name": "x", "datatype": "FP32", "data": [1]}]}),
        ({}, {"inputs": [{"name": "x", "shape": [3], "datatype": "FP32", "data": [1]}]}),
        ({}, {"inputs": [{"name": "x", "shape": [1], "datatype": "FP16", "data": [1]}]}),
        ({}, {"inputs": [{"name": "x", "shape": [1], "datatype": "INT8", "data": [300]}]}),
        (COLUMNS, {"a": 1, "b": "2"}),
        (COLUMNS, {"a": 1, "b": None}),
        (COLUMNS, {"a": 1, "b": True}),
        (COLUMNS, {"a": 1, "b": 1e39}),
        ({"instances": "$[*]"}, [{"x": 1}, {"y": 1}]),
        ({"bytes": {"as": "raw"}}, b"\xff"),
    ],
)
def test_an_event_without_such_tensors_cannot_be_sent(input: Any, data: Any) -> None:
    with pytest.raises(Invalid):
        items(protocol("v2", input=input), data)


def test_raw_tensors_follow_the_json_and_are_asked_for() -> None:
    request = sent(protocol("v2", RAW, input=COLUMNS), {"a": 1.5, "b": -2})

    headers = dict(request.headers)
    head = int(headers["inference-header-content-length"])
    assert headers["content-type"] == "application/octet-stream"
    assert orjson.loads(request.body[:head]) == {
        "id": "e-0",
        "parameters": {"binary_data_output": True},
        "inputs": [
            {
                "name": "x",
                "shape": [1, 2],
                "datatype": "FP32",
                "parameters": {"binary_data_size": 8},
            }
        ],
    }
    assert request.body[head:] == b"\x00\x00\xc0\x3f\x00\x00\x00\xc0"


def test_kserve_answers_raw_tensors_without_a_media_type() -> None:
    head = (
        b'{"id":"b2","model_name":"iris","model_version":null,"outputs":[{"name":"output-0",'
        b'"shape":[2],"datatype":"INT64","parameters":{"binary_data_size":16}}]}'
    )
    answer = head + b"\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"
    made = protocol("v2", RAW, input=COLUMNS)

    length = ("inference-header-content-length", str(len(head)))
    first, second = parts(made, [{"a": 1, "b": 2}] * 2, answer, length)

    assert (first.value, second.value) == ({"output-0": [0]}, {"output-0": [2]})


@pytest.mark.parametrize("binary", ["true", "false"])
def test_raw_tensors_can_be_asked_for_or_forbidden(binary: Any) -> None:
    request = sent(protocol("v2", RAW, input=COLUMNS, binary=binary), {"a": 1, "b": 2})

    raw = dict(request.headers)["content-type"] == "application/octet-stream"
    assert raw == (binary == "true")
