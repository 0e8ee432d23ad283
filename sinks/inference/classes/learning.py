"""Who answers, learned from what it says of itself: `GET /v2`, or the headers of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from sinks.inference.input_slot import InputSlot
from sinks.inference.protocol import ModelAnswer
from sinks.inference_spec import InferenceSinkSpec

LEARNING_PATH = "/v2"
_NAMES = frozenset({"kserve", "mlserver", "triton"})
_BINARY = "binary_tensor_data"
_BINARY_UNLISTED = "kserve"  # since 0.21 it reads raw tensors, and does not say so
_BY_HEADER = (
    ("server", "llama.cpp", "llama"),
    ("ce-source", "io.seldon.serving.deployment.mlserver", "mlserver"),
    ("ce-source", "io.kserve.inference.", "kserve"),
    ("x-litellm-call-id", "", "openai"),
    ("openai-processing-ms", "", "openai"),
)


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of a server beside its configuration; `inputs` are its model's, if said."""

    server: str = "auto"
    is_binary: bool = False
    inputs: Mapping[str, InputSlot] = field(default_factory=dict)


def learning_path(spec: InferenceSinkSpec) -> str | None:
    """What to GET once to learn who answers; None where nothing could be learned so."""
    asks_binary = spec.protocol == "v2" and spec.binary == "auto"
    asks_server = spec.server == "auto" and spec.protocol in ("v1", "v2", "kserve-ce")
    return LEARNING_PATH if asks_binary or asks_server else None


def learned_of_metadata(answer: ModelAnswer) -> Learned:
    """What the answer to `learning_path` says; nothing where it says nothing of the kind."""
    if answer.status != 200:
        return Learned()
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return Learned()
    if not isinstance(said, dict):
        return Learned()
    name, extensions = said.get("name"), said.get("extensions")
    server = name if isinstance(name, str) and name in _NAMES else "auto"
    listed = isinstance(extensions, list) and _BINARY in extensions
    return Learned(server, listed or server == _BINARY_UNLISTED)


def server_of_answer(answer: ModelAnswer) -> str:
    """Who gave an answer, by its headers; `auto` where they do not tell (uvicorn is many)."""
    for name, beginning, server in _BY_HEADER:
        value = answer.header(name)
        if value and value.startswith(beginning):
            return server
    return "auto"
