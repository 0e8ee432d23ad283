"""MLServer 1.7 and Triton 2.51 as they answer the Open Inference Protocol, odd bytes and all."""

import struct
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.sinks.inference.peers.kserve import label
from tests.sinks.inference.peers.wire import JSON, Asked, Said

CE_03 = (
    "ce-specversion: 0.3",
    "ce-source: io.seldon.serving.deployment.mlserver",
    "ce-type: io.seldon.serving.inference.response",
    "ce-id: 42",
    JSON,
)
TEXT = ("content-type: text/plain; charset=utf-8",)
INTERNAL = Said(500, b"Internal Server Error", TEXT)
LENGTH = "inference-header-content-length"


@dataclass
class MLServer:
    """`says` overrules; `models` is name: ready."""

    models: dict[str, bool] = field(default_factory=lambda: {"iris": True})
    says: Said | None = None

    def answer(self, asked: Asked) -> Said:
        if self.says is not None:
            return self.says
        if asked.path == "/v2":
            return Said(200, {"name": "mlserver", "version": "1.7.1", "extensions": []})
        if asked.path == "/v2/health/ready":  # for all models at once
            return Said(200 if all(self.models.values()) else 400, b"", ())
        name = asked.path.removeprefix("/v2/models/").partition("/")[0]
        if name not in self.models:
            return Said(404, {"error": f"Model {name} not found"})
        if not self.models[name]:
            error = {"error": f"Model {name} is not ready yet."}
            return Said(400, b"", ()) if asked.method == "GET" else Said(400, error)
        if asked.path.endswith("/ready"):
            return Said(200, b"", ())
        if asked.method == "GET":
            return Said(200, {"name": name, "versions": [], "inputs": [], "outputs": []})
        if LENGTH in asked.headers:  # it reads no raw tensors
            return INTERNAL
        return self._predicted(orjson.loads(asked.body))

    def _predicted(self, document: dict[str, Any]) -> Said:
        rows = _rows(document["inputs"][0])
        if rows is None:
            return INTERNAL
        output = {
            "name": "predict",
            "shape": [len(rows), 1],
            "datatype": "INT64",
            "parameters": {"content_type": "np"},
            "data": [label(row) for row in rows],
        }
        answer = {"model_name": "iris", "model_version": "v1", "id": document["id"]}
        return Said(200, {**answer, "parameters": {}, "outputs": [output]}, CE_03)


@dataclass
class Triton:
    """Takes batches of eight at most, and raw tensors."""

    says: Said | None = None

    def answer(self, asked: Asked) -> Said:
        if self.says is not None:
            return self.says
        if asked.path == "/v2":
            extensions = ["classification", "binary_tensor_data", "parameters"]
            return Said(200, {"name": "triton", "version": "2.51.0", "extensions": extensions})
        name = asked.path.removeprefix("/v2/models/").partition("/")[0]
        if name != "iris":
            probe = Said(400, b'{"error":"Model version not ready"}', ("content-type: text/plain",))
            error = f'{{"error":"Request for unknown model: \'{name}\' is not found"}}'.encode()
            unknown = Said(404, error, ("content-type: text/plain",))
            return probe if asked.method == "GET" else unknown
        if asked.path.endswith("/ready"):
            return Said(200, b"", ("content-type: text/plain",))
        if asked.method == "GET":
            return Said(200, METADATA)
        return self._infer(asked)

    def _infer(self, asked: Asked) -> Said:
        length = int(asked.headers.get(LENGTH, len(asked.body)))
        try:
            document = orjson.loads(asked.body[:length])
        except orjson.JSONDecodeError:
            what = (
                "failed to parse the request JSON buffer: Missing a name for object member. at 13"
            )
            return Said(500, {"error": what})
        only = document["inputs"][0]
        if "data" not in only:
            raw = asked.body[length:]
            only = {**only, "data": [each for (each,) in struct.iter_unpack("<f", raw)]}
        rows = _rows(only)
        if rows is None:
            return Said(500, {"error": "Unable to parse 'data': Shape does not match true shape"})
        if len(rows) > 8:
            what = f"[request id: {document['id']}] inference request batch-size must be <= 8"
            return Said(400, {"error": f"{what} for 'iris'"})
        return _labelled(document, [label(row) for row in rows])


METADATA = {
    "name": "iris",
    "versions": ["1"],
    "platform": "python",
    "inputs": [{"name": "X", "datatype": "FP32", "shape": [-1, 4]}],
    "outputs": [{"name": "label", "datatype": "INT64", "shape": [-1, 1]}],
}


def _labelled(document: dict[str, Any], labels: list[int]) -> Said:
    output: dict[str, Any] = {"name": "label", "datatype": "INT64", "shape": [len(labels), 1]}
    answer = {"id": document["id"], "model_name": "iris", "model_version": "1"}
    if not document.get("parameters", {}).get("binary_data_output"):
        return Said(200, {**answer, "outputs": [{**output, "data": labels}]})
    raw = struct.pack(f"<{len(labels)}q", *labels)
    output["parameters"] = {"binary_data_size": len(raw)}
    head = orjson.dumps({**answer, "outputs": [output]})
    media_type = "content-type: application/octet-stream"
    return Said(200, head + raw, (media_type, f"Inference-Header-Content-Length: {len(head)}"))


def _rows(given: dict[str, Any]) -> list[list[float]] | None:
    """The records of a tensor; None where its shape is not that of an iris."""
    count, width = given["shape"]
    flat = given["data"]
    if width != 4 or len(flat) != count * width:
        return None
    return [flat[at : at + width] for at in range(0, len(flat), width)]
