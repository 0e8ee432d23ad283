"""What tests ask of MLServer beside its iris: models that are slow, fail, or sleep."""

import asyncio
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError, MLServerError
from mlserver.types import InferenceRequest, InferenceResponse


class Echo(MLModel):
    """Answers its first input."""

    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        return self.respond(NumpyCodec.decode_input(payload.inputs[0]))

    def respond(self, rows: np.ndarray) -> InferenceResponse:
        outputs = [NumpyCodec.encode_output("rows", rows)]
        return InferenceResponse(model_name=self.name, outputs=outputs)


class Slow(Echo):
    """Answers after as many seconds as the largest number in its input."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        await asyncio.sleep(float(rows.max()))
        return self.respond(rows)


class Boom(Echo):
    """Fails in the way that the request's parameter `kind` names."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        match getattr(payload.parameters, "kind", ""):
            case "refused":
                raise InferenceError("backend failed")
            case "overloaded":
                raise MLServerError("overloaded", 503)
        raise RuntimeError("model exploded")


class Short(Echo):
    """Answers one row fewer than it was asked."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        return self.respond(NumpyCodec.decode_input(payload.inputs[0])[1:])


class Sleeping(Echo):
    """Ready while the file at its parameter `uri` exists."""

    @property
    def ready(self) -> bool:
        return Path(self.settings.parameters.uri).exists()

    @ready.setter
    def ready(self, ready: bool) -> None:
        """MLServer sets it after load(); the file knows better."""
