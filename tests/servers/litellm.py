"""A real LiteLLM proxy: OpenAI's shapes and its errors on demand, with no model behind them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.servers.models import ModelServer, installed
from tests.servers.ports import LOOPBACK

KEY = "sk-of-the-tests"


class LiteLLM(ModelServer):
    name: ClassVar[str] = "litellm"
    version: ClassVar[str] = "1.106.2"
    model: ClassVar[str] = "good"
    key = KEY

    @property
    def probe(self) -> str:
        return "/v1/models"

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def command(self) -> Sequence[str]:
        words = [self.program("litellm"), "--config", str(self.recipe / "config.yaml")]
        return [*words, "--host", LOOPBACK, "--port", str(self.port), "--telemetry", "False"]

    def environment(self) -> Mapping[str, str]:
        alone = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": self.key}
        return {**super().environment(), **alone}


def find_litellm(folder: Path) -> LiteLLM:
    """Not started; raises Missing."""
    return LiteLLM(folder, installed(LiteLLM))
