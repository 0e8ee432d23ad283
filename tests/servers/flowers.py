"""Three flowers that every iris model tells apart, and how one asks in each protocol."""

import json
import struct
from collections.abc import Sequence
from typing import Any

from tests.servers.models import Answer, ModelServer

SETOSA, VIRGINICA, VERSICOLOR = (5.1, 3.5, 1.4, 0.2), (6.7, 3.0, 5.2, 2.3), (5.9, 3.0, 4.2, 1.5)
FLOWERS = (SETOSA, VIRGINICA, VERSICOLOR)
CLASSES = [0, 2, 1]
LENGTH = "inference-header-content-length"


def v2_request(*rows: Sequence[float], name: str = "measures") -> dict[str, Any]:
    """The Open Inference Protocol's request: one FP32 tensor of these rows, and id 42."""
    data = [value for row in rows for value in row]
    return _request(name, len(rows), len(rows[0]), {"data": data})


def ask_in_binary(server: ModelServer) -> Answer:
    """V2's answer for FLOWERS, in the protocol's extension for binary tensors, both ways."""
    tensor = struct.pack("<12f", *(value for row in FLOWERS for value in row))
    request = _request("measures", 3, 4, {"parameters": {"binary_data_size": len(tensor)}})
    header = json.dumps({**request, "parameters": {"binary_data_output": True}}).encode()
    kinds = {"Content-Type": "application/octet-stream", LENGTH: str(len(header))}
    return server.ask(f"/v2/models/{server.model}/infer", header + tensor, kinds)


def binary_classes(answer: Answer) -> list[int]:
    """The one INT64 tensor behind the answer's JSON."""
    tensor = answer.body[int(answer.headers[LENGTH]) :]
    return [value for (value,) in struct.iter_unpack("<q", tensor)]


def _request(name: str, rows: int, width: int, more: dict[str, Any]) -> dict[str, Any]:
    tensor = {"name": name, "shape": [rows, width], "datatype": "FP32", **more}
    return {"id": "42", "inputs": [tensor]}
