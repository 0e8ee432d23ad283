"""KServe 0.21 as it answers: iris of four features, V1, V2, CloudEvents, and its odd bytes."""

from dataclasses import dataclass, field

import orjson

from tests.sinks.inference.peers.wire import Asked, Said

CE_HEADERS = (
    "ce-specversion: 1.0",
    "ce-id: 5dc37b01-6d9e-43c1-a03d-588b0758deec",
    "ce-source: io.kserve.inference.iris",
    "ce-type: io.kserve.inference.response",
    "ce-time: 2026-11-22T01:59:49.735744+00:00",
    "content-type: application/json",
)
WRONG_SHAPE = "X has {} features, but LogisticRegression is expecting 4 features as input."
BAD_JSON = "Unrecognized request format: unexpected end of data: line 1 column 19 (char 18)"


def label(row: list[float]) -> int:
    """Which iris: by the length of its petal, near enough."""
    return 0 if row[2] < 2.5 else 1 if row[2] < 4.9 else 2


@dataclass
class KServe:
    """`says` overrules all other answers; `models` is name: ready."""

    models: dict[str, bool] = field(default_factory=lambda: {"iris": True})
    says: Said | None = None

    def answer(self, asked: Asked) -> Said:
        if self.says is not None:
            return self.says
        if asked.path == "/v2/health/ready":
            return Said(200, {"ready": True})  # whatever the models do
        if asked.path == "/v2":
            extensions = ["model_repository_extension"]
            return Said(200, {"name": "kserve", "version": "0.21.0", "extensions": extensions})
        version, _, place = asked.path.removeprefix("/").partition("/models/")
        if "/versions/" in place:
            return Said(501, {"error": "Model versioning not supported yet."})
        name = place.partition(":")[0].partition("/")[0]
        if name not in self.models:
            return Said(404, {"error": f"Model with name {name} does not exist."})
        if not self.models[name]:
            return Said(503, {"error": f"Model with name {name} is not ready."})
        if asked.method == "GET":
            return Said(200, {"name": name, "ready": True})
        return self._v1(asked) if version == "v1" else self._v2(asked)

    def _v1(self, asked: Asked) -> Said:
        is_event = "ce-specversion" in asked.headers
        if asked.media_type != "application/json":  # compared literally: a charset spoils it
            return Said(500, {"error": "Expected 2D array, got scalar array instead:\narray=None."})
        try:
            document = orjson.loads(asked.body)
        except orjson.JSONDecodeError:
            return Said(500 if is_event else 400, {"error": BAD_JSON})
        if "instances" not in document:
            return Said(500, {"error": "'instances'"})
        return self._predicted(document["instances"], CE_HEADERS if is_event else None)

    def _predicted(self, rows: list[list[float]], headers: tuple[str, ...] | None) -> Said:
        for row in rows:
            if len(row) != 4:
                return Said(500, {"error": WRONG_SHAPE.format(len(row))})
        said = Said(200, {"predictions": [label(row) for row in rows]})
        return said if headers is None else Said(200, said.body, headers)

    def _v2(self, asked: Asked) -> Said:
        try:
            document = orjson.loads(asked.body)
        except orjson.JSONDecodeError:
            return Said(422, {"detail": [{"type": "json_invalid", "loc": ["body", 13]}]})
        only = document["inputs"][0]
        width = only["shape"][1]
        if width != 4:
            return Said(500, {"error": WRONG_SHAPE.format(width)})
        flat = only["data"]
        rows = [flat[at : at + width] for at in range(0, len(flat), width)]
        output = {
            "name": "output-0",
            "shape": [len(rows)],
            "datatype": "INT64",
            "parameters": None,
            "data": [label(row) for row in rows],
        }
        answer = {"model_name": "iris", "model_version": None, "id": document["id"]}
        return Said(200, {**answer, "parameters": None, "outputs": [output]})
