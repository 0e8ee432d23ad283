"""A real KServe model server: V1, V2 in JSON and binary, and CloudEvents."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from tests.servers.models import ModelServer, installed


class KServe(ModelServer):
    name: ClassVar[str] = "kserve"
    version: ClassVar[str] = "0.21.0"

    @property
    def probe(self) -> str:
        return f"/v1/models/{self.model}"  # the server calls itself ready whatever its models are

    def command(self) -> Sequence[str]:
        words = [self.program(), str(self.recipe / "server.py")]
        words += [str(self.installed / "iris.joblib"), str(self.awake)]
        return [*words, "--http_port", str(self.port), "--enable_grpc", "false"]


def find_kserve(folder: Path) -> KServe:
    """Not started; raises Missing."""
    return KServe(folder, installed(KServe))
