"""A small server of one model: what the reference calls, as one writes it for a model of one's own.

    python -m tests.bench.model_server PORT MODEL

It answers a flower with the same flower and the prediction of it, one call of onnxruntime each.
"""

import sys
from importlib import import_module
from typing import Any

import numpy
import orjson
import uvicorn

from tests.bench.reference import Receive, Send

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")


class Iris:
    """The model, loaded."""

    def __init__(self, model: str) -> None:
        runtime = import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1  # more would only spin on the one core of a bench
        self._session = runtime.InferenceSession(model, options)
        self._outputs = [each.name for each in self._session.get_outputs()]

    def predicted(self, data: bytes) -> bytes:
        """The flower of `data` with its prediction."""
        flower = orjson.loads(data)
        measures = numpy.array([[flower[name] for name in COLUMNS]], numpy.float32)
        outputs = self._session.run(self._outputs, {"measures": measures})
        tensors = {name: each.tolist() for name, each in zip(self._outputs, outputs, strict=True)}
        return orjson.dumps({**flower, "prediction": tensors})


class ModelServer:
    """The ASGI application. A call of this model takes microseconds: a thread would take more."""

    def __init__(self, model: str) -> None:
        self._iris = Iris(model)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        answer = self._iris.predicted(body)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def main() -> None:
    port, model = sys.argv[1:]
    uvicorn.run(
        ModelServer(model), port=int(port), lifespan="off", log_level="warning", access_log=False,
        backlog=1024,
    )  # fmt: skip


if __name__ == "__main__":
    main()
