"""A real llama.cpp server: OpenAI's chat, completions and embeddings by a model that babbles."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.servers.cache import Missing
from tests.servers.models import ModelServer, installed
from tests.servers.ports import LOOPBACK

CONTEXT_TOKENS = 512


class Llama(ModelServer):
    """`tiny` talks and `tiny-embedding` embeds; one is loaded at a time, by the call that asks."""

    name: ClassVar[str] = "llama"
    version: ClassVar[str] = "0.3.36"
    model: ClassVar[str] = "tiny"

    @property
    def probe(self) -> str:
        return "/v1/models"

    def command(self) -> Sequence[str]:
        shared = {"model": str(self.installed / "tiny.gguf"), "n_threads": 1}
        shared |= {"n_ctx": CONTEXT_TOKENS, "n_batch": CONTEXT_TOKENS, "verbose": False}
        settings: dict[str, Any] = {
            "host": LOOPBACK,
            "port": self.port,
            "interrupt_requests": False,  # else a call ends a stream that another reads
            "models": [
                {**shared, "model_alias": self.model},
                {**shared, "model_alias": "tiny-embedding", "embedding": True},
            ],
        }
        path = self.folder / "settings.json"
        path.write_text(json.dumps(settings))
        return [self.program(), "-m", "llama_cpp.server", "--config_file", str(path)]


def find_llama(folder: Path) -> Llama:
    """Not started; raises Missing."""
    try:
        return Llama(folder, installed(Llama))
    except Missing as missing:
        remedy = "HEADRACE_BUILD_LLAMA=1 make servers"
        raise Missing("llama", "it has not been built", remedy, is_required=False) from missing
