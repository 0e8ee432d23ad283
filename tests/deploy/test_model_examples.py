"""The examples of model sinks do what they say, against peers that answer as the servers do."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.deploy.living import event, living
from tests.sinks.inference.peers.kserve import KServe
from tests.sinks.inference.peers.others import OpenAiLike
from tests.sinks.inference.peers.v2_servers import MLServer
from tests.sinks.inference.peers.wire import Asked, Said, speaking
from tests.sinks.server import SinkServer

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
FLOWER = {"sepal_length": 6.1, "sepal_width": 2.8, "petal_length": 4.7, "petal_width": 1.2}
ORDER = {"amount": 12.5, "items": 3, "days_since_last": 7}
TICKET = {"text": "it does not close"}
PATIENCE_SECONDS = 60.0


def scores(asked: Asked) -> Said:
    """Any model of V2: one score for each row, whatever its version."""
    if asked.method == "GET":
        return Said(200, {"name": "scores", "ready": True})
    shape = orjson.loads(asked.body)["inputs"][0]["shape"]
    rows = shape[0]
    output = {"name": "score", "shape": [rows], "datatype": "FP32", "data": [0.5] * rows}
    return Said(200, {"model_name": "scores", "outputs": [output]})


def captions(asked: Asked) -> Said:
    """Any model of V1: a caption for each instance."""
    if asked.method == "GET":
        return Said(200, {"name": "captions", "ready": True})
    found = ["a flower" for _ in orjson.loads(asked.body)["instances"]]
    return Said(200, {"predictions": found})


ROWS = [
    ("kserve-v1", "http://localhost:9000", KServe().answer, "com.example.flower.measured",
     FLOWER, {**FLOWER, "prediction": 1}),
    ("mlserver-v2", "http://localhost:9000", MLServer().answer, "com.example.flower.measured",
     FLOWER, None),
    ("openai-chat", "http://localhost:8000", OpenAiLike().answer, "com.example.ticket.opened",
     TICKET, {**TICKET, "summary": "TICKET T-17: IT DOES NOT CLOSE"}),
    ("openai-embeddings", "http://localhost:8000", OpenAiLike().answer, "com.example.article",
     TICKET, [17.0, 1.0]),
    ("canary", "http://localhost:9000", scores, "com.example.order.placed",
     ORDER, {**ORDER, "score": {"score": [0.5]}}),
    ("sleeping-gpu", "http://localhost:8090", captions, "com.example.photo.taken",
     {"photos": ["a", "b"]}, {"photos": ["a", "b"], "captions": ["a flower", "a flower"]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "url", "answer", "type_", "data", "wanted"), ROWS, ids=[row[0] for row in ROWS]
)
async def test_an_example_turns_an_event_into_a_line_with_its_prediction(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    url: str,
    answer: Callable[[Asked], Said],
    type_: str,
    data: Any,
    wanted: Any,
) -> None:
    server = SinkServer(speaking(answer))
    await server.start()
    (tmp_path / "key").write_text("sk-test")
    text = (EXAMPLES / f"{name}.yaml").read_text("utf-8")
    text = text.replace(url, f"http://127.0.0.1:{server.port}")
    text = text.replace("${env:OPENAI_API_KEY}", f"${{file:{tmp_path / 'key'}}}")
    sent = event("1", type_, json.dumps(data).encode(), subject="t-17", customer="c-1",
                 datacontenttype="application/json")  # fmt: skip
    monkeypatch.chdir(tmp_path)

    async with living(tmp_path, text) as headrace:
        await headrace.publish(sent)
        line = await line_of(tmp_path)
    await server.close()

    found = line["data"]
    assert found == wanted if wanted is not None else set(found) == {*FLOWER, "prediction"}
    assert line["causeid"] == "1"


async def line_of(folder: Path) -> Any:
    """The first event that was written down."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for file in folder.glob("*.ndjson"):
                if "\n" in (text := file.read_text("utf-8")):
                    return json.loads(text.splitlines()[0])
            await asyncio.sleep(0.02)
