"""A model server of each protocol that answers whatever it is asked, by the records of a call."""

from typing import Any

import orjson

from sinks.inference_spec import InferenceSinkSpec
from tests.sinks.server import Exchange, with_body

JSON = "content-type: application/json"
INPUTS: dict[str, dict[str, Any]] = {
    "v1": {},
    "v2": {"tensors": [{"name": "x", "path": "", "datatype": "FP32"}]},
    "openai": {"prompt": "{{ id }}"},
    "kserve-ce": {},
    "http-json": {},
}


def spec_for(protocol: str, url: str, **fields: Any) -> InferenceSinkSpec:
    task = "completions" if protocol == "openai" else None
    facts = {"model": "m", "input": INPUTS[protocol], "task": task}
    return InferenceSinkSpec("default/m", protocol, url, **(facts | fields))  # type: ignore[arg-type]


def answer_to(body: bytes) -> bytes:
    """Zero for each record."""
    asked = orjson.loads(body) if body else {}
    if not isinstance(asked, dict):
        return b"0"
    if "instances" in asked:
        return orjson.dumps({"predictions": [0] * len(asked["instances"])})
    if "inputs" in asked:
        rows = asked["inputs"][0]["shape"][0]
        tensor = {"name": "y", "shape": [rows], "datatype": "INT64", "data": [0] * rows}
        return orjson.dumps({"model_name": "m", "outputs": [tensor]})
    if "prompt" in asked:
        prompts = asked["prompt"] if isinstance(asked["prompt"], list) else [asked["prompt"]]
        choices = [
            {"index": index, "text": "0", "finish_reason": "stop"} for index in range(len(prompts))
        ]
        usage = {"total_tokens": 10 * len(prompts)}
        return orjson.dumps({"choices": choices, "usage": usage})
    return b"0"


async def behave(exchange: Exchange) -> None:
    """Ready, and well; of itself it says nothing."""
    request = exchange.request
    if request.line.startswith("GET"):
        is_model = request.line.split(" ")[1] != "/v2"
        await exchange.send(with_body("200 OK" if is_model else "404 Not Found", b"{}", JSON))
        return
    await exchange.send(with_body("200 OK", answer_to(request.body), JSON))
