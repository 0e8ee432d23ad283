"""A real MLServer: V2 in JSON, and models that are loaded and unloaded."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.servers.models import ModelServer, installed
from tests.servers.ports import LOOPBACK

RUNTIMES = {"slow": "Slow", "boom": "Boom", "short": "Short", "sleeping": "Sleeping"}
BATCH_MAX = 6
BATCH_SECONDS_MAX = 20.0  # so long that a late caller is in it too; a full one goes at once
BATCH = {"max_batch_size": BATCH_MAX, "max_batch_time": BATCH_SECONDS_MAX}


class MLServer(ModelServer):
    """One process for all models. Its `batched` is iris again, in batches of BATCH_MAX.

    MLServer gathers those by itself, until there are so many, and they fail together.
    """

    name: ClassVar[str] = "mlserver"
    version: ClassVar[str] = "1.7.1"
    ports: ClassVar[int] = 3

    @property
    def probe(self) -> str:
        return f"/v2/models/{self.model}/ready"  # the server's own fails for any one model

    def command(self) -> Sequence[str]:
        models = self.folder / "models"
        for name, settings in self._settings().items():
            (models / name).mkdir(parents=True, exist_ok=True)
            (models / name / "model-settings.json").write_text(json.dumps(settings))
        return [self.program("mlserver"), "start", str(models)]

    def environment(self) -> Mapping[str, str]:
        http, grpc, metrics = map(str, self._ports)
        ports = {"HTTP_PORT": http, "GRPC_PORT": grpc, "METRICS_PORT": metrics}
        rows = {"HOST": LOOPBACK, "PARALLEL_WORKERS": "0", "DEBUG": "false", **ports}
        named = {f"MLSERVER_{name}": value for name, value in rows.items()}
        return {**super().environment(), **named, "PYTHONPATH": str(self.recipe)}

    def _settings(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {
            name: {
                "name": name,
                "implementation": f"runtimes.{runtime}",
                "parameters": {"uri": str(self.awake)},
            }
            for name, runtime in RUNTIMES.items()
        }
        iris = {
            "name": "iris",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": str(self.installed / "iris.joblib"), "version": "v1"},
        }
        return {**found, "iris": iris, "batched": {**iris, **BATCH, "name": "batched"}}


def find_mlserver(folder: Path) -> MLServer:
    """Not started; raises Missing."""
    return MLServer(folder, installed(MLServer))
