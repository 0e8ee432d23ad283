"""A caller of a model server who says how tensors are written, and shares all else."""

import time
from typing import Literal

import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Delivery
from sinks.inference.server.sink import ModelServerSink
from sinks.inference.server.speaking import Speaking
from sinks.inference_spec import InferenceSinkSpec
from tests.sinks.conftest import Serve
from tests.sinks.inference.peers.v2_servers import LENGTH, Triton
from tests.sinks.inference.peers.wire import Asked, Said, speaking
from tests.sinks.making import an_event

FLOWER = b'{"a": 5.1, "b": 3.5, "c": 1.4, "d": 0.2}'
COLUMNS = {"columns": {"names": list("abcd"), "tensor": "X", "datatype": "FP32"}}
ONE = Delivery("d-1", "default/t", 1, 1, "deliver", an_event(FLOWER))


class Listening:
    """Triton, and whether each call brought raw tensors."""

    def __init__(self) -> None:
        self.raw: list[bool] = []

    def answer(self, asked: Asked) -> Said:
        if asked.method == "POST":
            self.raw.append(LENGTH in asked.headers)
        return Triton().answer(asked)


@pytest.mark.parametrize("binary", ["true", "false"])
async def test_tensors_are_written_as_the_caller_says(
    serve: Serve, binary: Literal["true", "false"]
) -> None:
    listening = Listening()
    server = await serve(speaking(listening.answer))
    url = f"http://127.0.0.1:{server.port}"
    other: Literal["true", "false"] = "false" if binary == "true" else "true"
    spec = InferenceSinkSpec("default/m", "v2", url, input=COLUMNS, model="iris", binary=other)
    model = ModelServerSink(spec, SteadyClock(), chance=lambda: 0.5)

    asked = Speaking(model, binary)
    outcomes = [
        *await asked.deliver([ONE], time.monotonic() + 60.0),
        *await model.deliver([ONE], time.monotonic() + 60.0),
    ]
    await model.close()

    assert [type(outcome) for outcome in outcomes] == [Delivered, Delivered]
    assert listening.raw == [binary == "true", other == "true"]
    assert model.variants[""].counts.events_ok == 2, "both are the model's own"
