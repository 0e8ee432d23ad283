import orjson
import pytest

from sinks.inference.classes.learning import (
    Learned,
    learned_of_metadata,
    learning_path,
    server_of_answer,
)
from sinks.inference.input_slot import InputSlot
from sinks.inference.metadata import metadata_path, mismatches, read_inputs
from sinks.inference.protocol import ModelAnswer
from sinks.inference_spec import InferenceSinkSpec
from tests.sinks.inference.peers.v2_servers import METADATA

X = {"X": InputSlot("X", "FP32", (None, 4))}
COLUMNS = {"names": ["a", "b", "c", "d"], "tensor": "X", "datatype": "FP32"}


def metadata(name: str, *extensions: str) -> ModelAnswer:
    return ModelAnswer(200, body=orjson.dumps({"name": name, "extensions": list(extensions)}))


def asking(**input: object) -> InferenceSinkSpec:
    return InferenceSinkSpec("default/i", "v2", "http://h", input=input, model="iris")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (metadata("kserve", "model_repository_extension"), Learned("kserve", is_binary=True)),
        (metadata("mlserver"), Learned("mlserver")),
        (metadata("triton", "binary_tensor_data"), Learned("triton", is_binary=True)),
        (metadata("somebody", "binary_tensor_data"), Learned("auto", is_binary=True)),
        (ModelAnswer(404, body=b'{"detail":"Not Found"}'), Learned()),
        (ModelAnswer(200, body=b"<html>"), Learned()),
        (ModelAnswer(200, body=b"[]"), Learned()),
    ],
)
def test_a_server_is_known_by_what_it_says_of_itself(
    answer: ModelAnswer, expected: Learned
) -> None:
    assert learned_of_metadata(answer) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("server", "uvicorn"), "auto"),
        (("server", "llama.cpp"), "llama"),
        (("ce-source", "io.seldon.serving.deployment.mlserver"), "mlserver"),
        (("ce-source", "io.kserve.inference.iris"), "kserve"),
        (("x-litellm-call-id", "42"), "openai"),
    ],
)
def test_some_servers_are_known_by_their_headers(header: tuple[str, str], expected: str) -> None:
    assert server_of_answer(ModelAnswer(200, (header,))) == expected


def test_only_what_could_be_learned_is_asked_for() -> None:
    v2 = InferenceSinkSpec("default/i", "v2", "http://h")
    known = InferenceSinkSpec("default/i", "v2", "http://h", server="triton", binary="false")
    chat = InferenceSinkSpec("default/i", "openai", "http://h")

    assert [learning_path(each) for each in (v2, known, chat)] == ["/v2", None, None]
    assert [metadata_path(asking()), metadata_path(chat)] == ["/v2/models/iris", None]


def test_metadata_names_the_inputs_and_empty_lists_say_nothing() -> None:
    triton = ModelAnswer(200, body=orjson.dumps(METADATA))
    kserve = ModelAnswer(200, body=b'{"name":"iris","versions":null,"platform":"","inputs":[]}')

    assert read_inputs(triton) == X
    assert read_inputs(kserve) == {}
    assert read_inputs(ModelAnswer(400, body=b'{"error":"Model version not ready"}')) == {}


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"columns": COLUMNS}, []),
        (
            {"columns": {**COLUMNS, "tensor": "x"}},
            ["the model has no input x, but X", "nothing fills the input X"],
        ),
        ({"columns": {**COLUMNS, "datatype": "FP64"}}, ["X is FP32, not FP64"]),
        ({"columns": {**COLUMNS, "names": ["a"]}}, ["columns names 1 fields, X takes 4"]),
        ({"tensors": [{"name": "X", "shape": [-1, 4]}]}, []),
        ({"tensors": [{"name": "X", "shape": [-1, 3]}]}, ["X has the shape [-1, 3]"]),
        ({"tensors": [{"name": "X", "shape": [4]}]}, ["X has the shape [4]"]),
        ({"bytes": {"name": "X"}}, ["X is FP32, not BYTES"]),
        ({"data": ""}, []),
        ({}, []),
    ],
)
def test_an_input_is_compared_with_what_the_model_takes(
    input: dict[str, object], expected: list[str]
) -> None:
    found = mismatches(asking(**input), X)

    assert [line.startswith(text) for text, line in zip(expected, found, strict=True)] == [
        True for _ in expected
    ]


def test_nothing_is_wrong_where_the_model_says_nothing() -> None:
    assert mismatches(asking(columns={**COLUMNS, "tensor": "x"}), {}) == []
