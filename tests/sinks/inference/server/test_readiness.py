"""Whether a model is there, as servers of our own answer a probe."""

import orjson
import pytest

from broker.errors import Unavailable
from sinks.inference.protocol import ModelAnswer, ModelRequest
from sinks.inference.server.caller import Called, Unanswered
from sinks.inference.server.readiness import why_not_ready


class Probed:
    """Answers each path as written; one that is not written is not listened at."""

    def __init__(self, **answers: ModelAnswer) -> None:
        self._answers = answers

    async def get(self, path: str, deadline: float) -> Called:
        return self._answers.get(path, Unanswered("connect", "no connection", False))

    async def post(self, request: ModelRequest, deadline: float) -> Called:
        raise Unavailable("a probe posts nothing")


def versions(*states: str) -> ModelAnswer:
    said = [{"version": str(n), "state": state} for n, state in enumerate(states)]
    return ModelAnswer(200, body=orjson.dumps({"model_version_status": said}))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ModelAnswer(200), None),
        (ModelAnswer(200, body=b'{"name":"iris","ready":true}'), None),
        (ModelAnswer(503), "a answered 503"),
        (versions("UNLOADING", "AVAILABLE"), None),
        (versions("LOADING"), "a answered that no version is AVAILABLE yet"),
        (versions(), "a answered that no version is AVAILABLE yet"),
        (ModelAnswer(200, body=b'{"model_version_status":7}'),
         "a answered that no version is AVAILABLE yet"),
    ],
)  # fmt: skip
async def test_only_a_success_is_ready(answer: ModelAnswer, expected: str | None) -> None:
    found = await why_not_ready(Probed(a=answer), ["a"], 0.0)

    assert found == (None if expected is None else (expected, False))


async def test_one_of_several_paths_is_enough() -> None:
    probed = Probed(a=ModelAnswer(404), b=ModelAnswer(200))

    assert await why_not_ready(probed, ["a", "b"], 0.0) is None


async def test_where_nobody_listens_it_is_said_to_be_unreachable() -> None:
    assert await why_not_ready(Probed(), ["a"], 0.0) == ("no connection", True)
