from typing import Any

import pytest

from broker.errors import Invalid
from tests.sinks.inference.protocol_bench import body, items, parts, protocol, refused, sent


def test_an_event_that_is_no_request_becomes_one_instance() -> None:
    request = sent(protocol("v1"), [5.1, 3.5, 1.4, 0.2])

    assert request.path == "/v1/models/iris:predict"
    assert request.headers == (("content-type", "application/json"), ("x-request-id", "e-0"))
    assert request.body == b'{"instances":[[5.1,3.5,1.4,0.2]]}'


def test_an_event_with_instances_goes_as_it_is() -> None:
    assert body(protocol("v1"), {"instances": [[1], [2]], "signature_name": "s"}) == {
        "instances": [[1], [2]],
        "signature_name": "s",
    }


@pytest.mark.parametrize(
    ("input", "data", "instances"),
    [
        ({"instances": "/row"}, {"row": [1, 2]}, [[1, 2]]),
        ({"instances": "$.rows[*]"}, {"rows": [[1], [2]]}, [[1], [2]]),
        ({"columns": {"names": ["b", "a"]}}, {"a": 1, "b": 2}, [[2, 1]]),
        ({"columns": {"names": ["a"]}}, [{"a": 1}, {"a": 2}], [[1], [2]]),
        ({"data": "/request"}, {"request": {"instances": [7]}}, [7]),
        ({"bytes": {}}, b"\x89PNG", [{"b64": "iVBORw=="}]),
        ({"bytes": {"name": "image"}}, b"\x89PNG", [{"image": {"b64": "iVBORw=="}}]),
    ],
)
def test_input_says_what_the_records_are(input: Any, data: Any, instances: Any) -> None:
    assert body(protocol("v1", input=input), data) == {"instances": instances}


def test_records_of_several_events_are_joined_and_dealt_out_again() -> None:
    made = protocol("v1", input={"instances": "$.rows[*]"})
    data = [{"rows": [[1], [2]]}, {"rows": [[3]]}]

    joined = body(made, *data)
    first, second = parts(made, data, {"predictions": [10, 20, 30]})

    assert joined == {"instances": [[1], [2], [3]]}
    assert (first.value, second.value) == ([10, 20], 30)


def test_only_events_with_the_same_other_members_share_a_request() -> None:
    made = protocol("v1")

    plain, same, other = items(made, [1], [2], {"instances": [3], "signature_name": "s"})

    assert plain.key == same.key
    assert plain.key != other.key


def test_parameters_are_members_beside_the_instances() -> None:
    made = protocol("v1", input={"instances": "", "parameters": {"signature_name": "s"}})

    assert body(made, 1) == {"signature_name": "s", "instances": [1]}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"predictions": []}, "predictions has 0 rows for 1 records"),
        ({"predictions": None}, "predictions is null"),
        ({"message": "boom", "batchId": "", "predictions": None}, "a message: boom"),
        ({"error": "x"}, "there are no predictions"),
        ([], "the answer is no JSON object"),
    ],
)
def test_a_success_without_predictions_says_what_is_wrong(answer: Any, why: str) -> None:
    assert why in refused(protocol("v1"), [[1]], answer)


def test_a_null_for_nan_is_a_prediction() -> None:
    (part,) = parts(protocol("v1"), [[1]], {"predictions": [None], "message": ""})

    assert part.value is None
    assert not part.is_empty


def test_raw_is_the_whole_answer_and_of_a_batch_each_one_s_share() -> None:
    made = protocol("v1", output={"take": "raw"})

    (alone,) = parts(made, [[1]], b'{"predictions": [7]}')
    first, second = parts(made, [[1], [2]], {"predictions": [7, 8], "model": "x"})

    assert alone.raw == b'{"predictions": [7]}'
    assert first.value == {"predictions": [7], "model": "x"}
    assert second.value == {"predictions": [8], "model": "x"}


def test_an_explanation_may_have_any_form() -> None:
    made = protocol("v1", task="explain")

    (part,) = parts(made, [[1]], {"explanations": {"anchor": ["petal > 2"]}})

    assert sent(made, [1]).path == "/v1/models/iris:explain"
    assert part.value == {"anchor": ["petal > 2"]}


def test_tensorflow_serving_has_versions_columns_and_results() -> None:
    made = protocol("v1", server="tfserving", version="3")
    regress = protocol("v1", server="tfserving", task="regress")

    (part,) = parts(protocol("v1", input={"data": ""}), [{"inputs": {"x": [1]}}], {"outputs": [2]})

    assert sent(made, [1]).path == "/v1/models/iris/versions/3:predict"
    assert made.probe_paths() == ("/v1/models/iris/versions/3",)
    assert part.value == [2]
    assert body(regress, {"x": 1}) == {"examples": [{"x": 1}]}


@pytest.mark.parametrize(
    ("input", "data"),
    [
        ({}, {"instances": []}),
        ({}, {"instances": 3}),
        ({"data": ""}, [1]),
        ({"instances": "/rows"}, {}),
        ({"columns": {"names": ["a"]}}, {"b": 1}),
        ({"columns": {"names": ["a"]}}, []),
        ({"columns": {"names": ["a"]}}, [1]),
    ],
)
def test_an_event_without_what_is_asked_for_cannot_be_sent(input: Any, data: Any) -> None:
    with pytest.raises(Invalid):
        items(protocol("v1", input=input), data)


@pytest.mark.parametrize("input", [{"messages": []}, {"data": "", "instances": ""}, {"data": "x"}])
def test_an_input_of_another_protocol_is_refused_when_made(input: Any) -> None:
    with pytest.raises(Invalid):
        protocol("v1", input=input)
