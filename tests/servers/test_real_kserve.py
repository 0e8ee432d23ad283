"""KServe is real: it predicts over a kill, and says what only KServe says."""

import time
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
from tests.servers.kserve import KServe
from tests.servers.waiting import until

V1 = "/v1/models/iris:predict"
BUSY_SECONDS = 4.0


def test_kserve_predicts_over_v1_before_and_after_a_kill(kserve: KServe) -> None:
    before = kserve.ask(V1, {"instances": FLOWERS})

    kserve.restart()

    after = kserve.ask(V1, {"instances": FLOWERS})
    assert before.body == after.body == b'{"predictions":[0,2,1]}'


def test_kserve_that_is_frozen_answers_nothing(kserve: KServe) -> None:
    kserve.freeze()

    with pytest.raises(TimeoutError):
        kserve.ask(kserve.probe, seconds_max=0.5)

    kserve.thaw()
    until(kserve.is_ready)


def test_kserve_predicts_over_v2(kserve: KServe) -> None:
    answer = kserve.ask("/v2/models/iris/infer", v2_request(*FLOWERS))

    assert answer.data == {
        "model_name": "iris", "model_version": None, "id": "42", "parameters": None,
        "outputs": [{"name": "output-0", "shape": [3], "datatype": "INT64",
                     "parameters": None, "data": CLASSES}],
    }  # fmt: skip


def test_kserve_answers_binary_tensors_without_a_content_type(kserve: KServe) -> None:
    answer = ask_in_binary(kserve)

    assert binary_classes(answer) == CLASSES
    assert "content-type" not in answer.headers


def test_kserve_answers_an_event_with_an_event_of_its_own(kserve: KServe) -> None:
    event = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/tests", "ce-type": "flower"}

    answer = kserve.ask(V1, {"instances": FLOWERS}, event)

    assert answer.data == {"predictions": CLASSES}
    assert answer.headers["ce-source"] == "io.kserve.inference.iris"
    assert answer.headers["ce-id"] != "1"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"instances": [SETOSA[:3]]}, 500,
         "X has 3 features, but LogisticRegression is expecting 4 features as input."),
        ({"rows": [SETOSA]}, 500, "'instances'"),
        (b'{"instances": [[5.1', 400, "Unrecognized request format: unexpected end of data: "
         "line 1 column 20 (char 19)"),
    ],
    ids=["shape", "key", "json"],
)  # fmt: skip
def test_kserve_says_what_is_wrong_with_a_body(
    kserve: KServe, body: object, status: int, error: str
) -> None:
    answer = kserve.ask(V1, body)

    assert (answer.status, answer.data) == (status, {"error": error})


def test_kserve_says_500_to_a_content_type_with_a_charset(kserve: KServe) -> None:
    charset = {"Content-Type": "application/json; charset=utf-8"}

    assert kserve.ask(V1, {"instances": FLOWERS}, charset).status == 500


@pytest.mark.parametrize(
    ("instance", "status", "body"),
    [
        ("invalid", 400, b'{"error":"bad feature vector"}'),
        ("overloaded", 503, b'{"detail":"overloaded"}'),
        ("nan", 200, b'{"predictions":[null]}'),
        ("any", 500, b'{"error":"RuntimeError : model exploded"}'),
    ],
)
def test_kserve_fails_as_its_model_does(
    kserve: KServe, instance: str, status: int, body: bytes
) -> None:
    answer = kserve.ask("/v1/models/boom:predict", {"instances": [instance]})

    assert (answer.status, answer.body) == (status, body)
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)


def test_kserve_says_200_to_a_model_that_loses_a_row(kserve: KServe) -> None:
    answer = kserve.ask("/v1/models/short:predict", {"instances": [1, 2]})

    assert (answer.status, answer.data) == (200, {"predictions": [2]})


def test_kserve_calls_itself_ready_while_its_model_sleeps(kserve: KServe) -> None:
    asleep = kserve.ask("/v1/models/sleeping:predict", {"instances": [1]})

    assert asleep.status == 503
    assert asleep.data == {"error": "Model with name sleeping is not ready."}
    assert kserve.ask("/v2/health/ready").data == {"ready": True}

    kserve.wake()
    until(kserve.is_awake)


def test_kserve_answers_no_probe_while_a_model_computes(kserve: KServe) -> None:
    with ThreadPoolExecutor(1) as caller:
        until(lambda: _silence_seconds(kserve, caller) > BUSY_SECONDS / 2)


def _silence_seconds(kserve: KServe, caller: ThreadPoolExecutor) -> float:
    """How long one probe had to wait at most, while a model computed for BUSY_SECONDS.

    Less, where the first probe was asked late; then it is worth asking again.
    """
    call = caller.submit(kserve.ask, "/v1/models/busy:predict", {"instances": [BUSY_SECONDS]})
    waited = [0.0]
    while not call.done():
        began = time.monotonic()
        kserve.ask(kserve.probe)
        waited.append(time.monotonic() - began)
    assert call.result().status == 200
    return max(waited)
