"""Triton is real: it predicts over a kill, and says what only Triton says."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers.flowers import (
    CLASSES,
    FLOWERS,
    SETOSA,
    ask_in_binary,
    binary_classes,
    v2_request,
)
from tests.servers.triton import Triton
from tests.servers.waiting import until

INFER = "/v2/models/iris/infer"


def test_triton_predicts_before_and_after_a_kill(triton: Triton) -> None:
    before = triton.ask(INFER, v2_request(*FLOWERS))

    triton.restart()

    after = triton.ask(INFER, v2_request(*FLOWERS))
    label = {"name": "label", "datatype": "INT64", "shape": [3, 1], "data": CLASSES}
    assert before.data == after.data == {
        "id": "42", "model_name": "iris", "model_version": "1", "outputs": [label]
    }  # fmt: skip


def test_triton_that_is_frozen_answers_nothing(triton: Triton) -> None:
    triton.freeze()

    with pytest.raises(TimeoutError):
        triton.ask(triton.probe, seconds_max=0.5)

    triton.thaw()
    until(triton.is_ready)


def test_triton_answers_in_binary_tensors(triton: Triton) -> None:
    answer = ask_in_binary(triton)

    assert binary_classes(answer) == CLASSES
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b'{"inputs": [{', 500,
         "failed to parse the request JSON buffer: Missing a name for object member. at 13"),
        ({"id": "42"}, 500,
         "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'"),
        (v2_request(*[SETOSA] * 9), 400,
         "[request id: 42] inference request batch-size must be <= 8 for 'iris'"),
    ],
    ids=["json", "key", "batch"],
)  # fmt: skip
def test_triton_says_what_is_wrong_with_a_body(
    triton: Triton, body: object, status: int, error: str
) -> None:
    answer = triton.ask(INFER, body)

    assert (answer.status, answer.data) == (status, {"error": error})


def test_triton_shows_the_traceback_of_its_model(triton: Triton) -> None:
    answer = triton.ask("/v2/models/boom/infer", v2_request((1.0,), name="seconds"))

    assert answer.status == 500
    assert answer.data["error"].startswith("Failed to process the request(s) for model 'boom_0_0'")
    assert "RuntimeError: model exploded" in answer.data["error"]


def test_triton_refuses_what_its_queue_does_not_hold(triton: Triton) -> None:
    request = json.dumps(v2_request((1.0,), name="seconds")).encode()

    with ThreadPoolExecutor(48) as callers:
        calls = [callers.submit(triton.ask, "/v2/models/slow/infer", request) for _ in range(48)]
        answers = [call.result() for call in calls]

    refused = [answer.text for answer in answers if answer.status == 503]
    assert {answer.status for answer in answers} == {200, 503}
    assert set(refused) == {'{"error":"[request id: 42] Exceeds maximum queue size"}'}


def test_triton_knows_no_model_that_is_not_loaded(triton: Triton) -> None:
    triton.restart()  # what is awake stays so
    probe = triton.ask("/v2/models/sleeping/ready")
    call = triton.ask("/v2/models/sleeping/infer", v2_request((1.0,), name="seconds"))

    assert (probe.status, probe.text) == (400, '{"error":"Model version not ready"}')
    assert call.status == 404
    assert call.data == {"error": "Request for unknown model: 'sleeping' is not found"}

    triton.wake()
    until(triton.is_awake)
