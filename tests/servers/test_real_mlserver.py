"""MLServer is real: it predicts over a kill, and says what only MLServer says."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers.flowers import CLASSES, FLOWERS, SETOSA, ask_in_binary, v2_request
from tests.servers.mlserver import BATCH_MAX, MLServer
from tests.servers.models import Answer
from tests.servers.waiting import until

INFER = "/v2/models/iris/infer"


def test_mlserver_predicts_before_and_after_a_kill(mlserver: MLServer) -> None:
    before = mlserver.ask(INFER, v2_request(*FLOWERS))

    mlserver.restart()

    after = mlserver.ask(INFER, v2_request(*FLOWERS))
    assert before.data == after.data == {
        "model_name": "iris", "model_version": "v1", "id": "42", "parameters": {},
        "outputs": [{"name": "predict", "shape": [3, 1], "datatype": "INT64",
                     "parameters": {"content_type": "np"}, "data": CLASSES}],
    }  # fmt: skip


def test_mlserver_stamps_an_old_event_on_each_answer(mlserver: MLServer) -> None:
    answer = mlserver.ask(INFER, v2_request(SETOSA))

    stamped = {name: answer.headers[f"ce-{name}"] for name in ("specversion", "source", "id")}
    source = "io.seldon.serving.deployment.mlserver"
    assert stamped == {"specversion": "0.3", "source": source, "id": "42"}


def test_mlserver_says_nothing_about_a_wrong_shape(mlserver: MLServer) -> None:
    assert _is_bare_500(mlserver.ask(INFER, v2_request(SETOSA[:3])))


def test_mlserver_takes_no_binary_tensors(mlserver: MLServer) -> None:
    assert _is_bare_500(ask_in_binary(mlserver))


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [("refused", 400, "backend failed"), ("overloaded", 503, "overloaded")],
)
def test_mlserver_fails_as_its_model_does(
    mlserver: MLServer, kind: str, status: int, error: str
) -> None:
    request = {**v2_request(SETOSA), "parameters": {"kind": kind}}

    answer = mlserver.ask("/v2/models/boom/infer", request)

    assert (answer.status, answer.data) == (status, {"error": error})


def test_mlserver_says_200_to_a_model_that_loses_a_row(mlserver: MLServer) -> None:
    answer = mlserver.ask("/v2/models/short/infer", v2_request((1.0,), (2.0,)))

    assert answer.status == 200
    assert answer.data["outputs"][0]["shape"] == [1, 1]


def test_mlserver_is_unready_while_one_model_sleeps(mlserver: MLServer) -> None:
    probe = mlserver.ask("/v2/models/sleeping/ready")
    call = mlserver.ask("/v2/models/sleeping/infer", v2_request(SETOSA))

    assert (probe.status, probe.body) == (400, b"")
    assert (call.status, call.data) == (400, {"error": "Model sleeping is not ready yet."})
    assert mlserver.ask("/v2/health/ready").status == 400

    mlserver.wake()
    until(mlserver.is_awake)


def test_mlserver_fails_all_that_it_batched_for_one_of_them(mlserver: MLServer) -> None:
    requests = [v2_request(SETOSA)] * (BATCH_MAX - 1) + [v2_request(SETOSA[:3])]

    with ThreadPoolExecutor(BATCH_MAX) as callers:
        calls = [callers.submit(mlserver.ask, "/v2/models/batched/infer", r) for r in requests]
        answers = [call.result() for call in calls]

    assert all(map(_is_bare_500, answers))


def _is_bare_500(answer: Answer) -> bool:
    is_text = answer.headers["content-type"] == "text/plain; charset=utf-8"
    return is_text and (answer.status, answer.text) == (500, "Internal Server Error")
