"""A model server for one of its callers who says how tensors are written."""

from collections.abc import Sequence
from typing import Literal

from broker.delivery import Delivery, Outcome
from sinks.inference.server.sink import ModelServerSink
from sinks.sink import Sink


class Speaking:
    """Implements `sinks.sink.Sink`. All but the form of tensors is the model's own: its gates,
    limits, batches, weights, connections and counts. `model` is a ModelServerSink.
    """

    def __init__(self, model: Sink, binary: Literal["true", "false"]) -> None:
        assert isinstance(model, ModelServerSink), "the configuration asks for protocol v2"
        self.name = model.name
        self._model = model
        self._variants = {
            name: variant.speaking(binary) for name, variant in model.variants.items()
        }

    @property
    def batch_limit(self) -> int:
        return self._model.batch_limit

    async def open(self) -> None:
        """The model is opened by itself."""

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        return await self._model.carry(deliveries, deadline, self._variants)

    async def probe(self) -> None:
        await self._model.probe()

    async def close(self) -> None:
        """Nothing is held."""
