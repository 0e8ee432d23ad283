"""Servers of texts and of plain JSON: OpenAI-compatible ones, and a service behind http-json."""

from dataclasses import dataclass
from typing import Any

import orjson

from tests.sinks.inference.peers.kserve import label
from tests.sinks.inference.peers.wire import Asked, Said

LLAMA_LIST = b'{"error":{"message":"","type":"internal_server_error","param":null,"code":null}}'


@dataclass
class OpenAiLike:
    """Answers in reversed order of its indexes; `says` overrules."""

    says: Said | None = None

    def answer(self, asked: Asked) -> Said:
        if self.says is not None:
            return self.says
        if asked.method == "GET":
            return Said(200, {"object": "list", "data": [{"id": "tiny"}]})
        document = orjson.loads(asked.body)
        if asked.path == "/v1/embeddings":
            return Said(200, _embedded(document["input"]))
        texts = [_echo(document)] if "messages" in document else _list(document["prompt"])
        choices = [_choice(place, text, document) for place, text in enumerate(texts)]
        usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
        return Said(200, {"model": "tiny", "choices": choices[::-1], "usage": usage})


def _list(given: Any) -> list[str]:
    return given if isinstance(given, list) else [given]


def _echo(document: dict[str, Any]) -> str:
    return str(document["messages"][-1]["content"])


def _choice(place: int, text: str, document: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": place, "finish_reason": "stop"}
    if "messages" in document:
        return {**choice, "message": {"role": "assistant", "content": text.upper()}}
    return {**choice, "text": text.upper()}


def _embedded(given: Any) -> dict[str, Any]:
    texts = _list(given)
    entries = [
        {"object": "embedding", "index": place, "embedding": [float(len(text)), 1.0]}
        for place, text in enumerate(texts)
    ]
    return {"object": "list", "data": entries[::-1], "usage": {"total_tokens": len(texts)}}


@dataclass
class PlainService:
    """Labels the irises of `{"flowers": […]}`, in `{"found": […]}`; a single one bare."""

    says: Said | None = None

    def answer(self, asked: Asked) -> Said:
        if self.says is not None:
            return self.says
        document = orjson.loads(asked.body)
        if isinstance(document, dict):
            return Said(200, {"found": [label(row) for row in document["flowers"]]})
        return Said(200, label(document))
