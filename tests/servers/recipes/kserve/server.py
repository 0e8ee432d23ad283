"""KServe's model server with the models that tests ask for.

`server.py IRIS AWAKE --http_port PORT --enable_grpc false`: IRIS is a fitted model, and the
model `sleeping` is ready while the file AWAKE exists.
"""

import asyncio
import sys
import time
from pathlib import Path

import joblib
import kserve.protocol.rest.server
import uvicorn
from fastapi import HTTPException
from kserve import Model, ModelServer
from kserve.errors import InferenceError, InvalidInput
from kserve.utils.utils import get_predict_input, get_predict_response

RETRY_SECONDS = 7
CROWD = 2  # calls at once; `crowded` refuses more
CROWDED_SECONDS = 1


class OnLoopback(uvicorn.Config):
    """KServe asks for every interface, and has no option for fewer."""

    def __init__(self, *words, **options) -> None:
        super().__init__(*words, **{**options, "host": "127.0.0.1"})


class Ready(Model):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.ready = True


class Iris(Ready):
    """As KServe's own server of scikit-learn models does it, which has no package."""

    def __init__(self, path: str) -> None:
        super().__init__("iris")
        self._fitted = joblib.load(path)

    def predict(self, payload, headers=None):
        try:
            answer = self._fitted.predict(get_predict_input(payload))
        except Exception as error:
            raise InferenceError(str(error)) from error
        return get_predict_response(payload, answer, self.name)


class Slow(Ready):
    """Answers after as many seconds as each instance says; others are answered meanwhile."""

    async def predict(self, payload, headers=None):
        await asyncio.sleep(max(payload["instances"]))
        return {"predictions": payload["instances"]}


class Busy(Ready):
    """As Slow, but the server does nothing else meanwhile, not even answer a probe."""

    def predict(self, payload, headers=None):
        time.sleep(max(payload["instances"]))
        return {"predictions": payload["instances"]}


class Boom(Ready):
    """Fails in the way that the first instance names."""

    def predict(self, payload, headers=None):
        match payload["instances"][0]:
            case "invalid":
                raise InvalidInput("bad feature vector")
            case "overloaded":
                raise HTTPException(503, "overloaded", {"Retry-After": str(RETRY_SECONDS)})
            case "nan":
                return {"predictions": [float("nan")]}
        raise RuntimeError("model exploded")


class Short(Ready):
    """Answers one row fewer than it was asked."""

    def predict(self, payload, headers=None):
        return {"predictions": payload["instances"][1:]}


class Crowded(Ready):
    """Takes a while, and refuses more than CROWD calls at once, as one that guards itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._calls = 0

    async def predict(self, payload, headers=None):
        if self._calls >= CROWD:
            raise HTTPException(503, "overloaded", {"Retry-After": str(CROWDED_SECONDS)})
        self._calls += 1
        try:
            await asyncio.sleep(0.05)
        finally:
            self._calls -= 1
        return {"predictions": payload["instances"]}


class Sleeping(Ready):
    def __init__(self, awake: str) -> None:
        super().__init__("sleeping")
        self._awake = Path(awake)

    async def healthy(self) -> bool:
        return self._awake.exists()

    def predict(self, payload, headers=None):
        return {"predictions": payload["instances"]}


if __name__ == "__main__":
    iris, awake = sys.argv[1:3]
    kserve.protocol.rest.server.uvicorn.Config = OnLoopback
    small = [Slow("slow"), Busy("busy"), Boom("boom"), Short("short"), Crowded("crowded")]
    ModelServer().start([Iris(iris), *small, Sleeping(awake)])
