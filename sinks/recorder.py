"""A sink for tests that is a real one: it keeps what it gets and answers by script."""

from collections.abc import Callable, Sequence

from broker.delivery import Delivered, Delivery, Outcome
from broker.errors import Unavailable

Script = Callable[[Delivery], Outcome]


class RecorderSink:
    """Keeps each delivery in `deliveries`, in the order of coming.

    `script` gives the outcome of one delivery; without it all are Delivered. `outcomes`
    handed in are used up first, one a delivery. `deliveries_max` bounds what is kept;
    beyond, the oldest is forgotten.
    """

    def __init__(
        self,
        outcomes: Sequence[Outcome] = (),
        *,
        script: Script | None = None,
        batch_limit: int = 1,
        name: str = "recorder",
        deliveries_max: int = 100_000,
    ) -> None:
        self.name = name
        self.batch_limit = batch_limit
        self.deliveries: list[Delivery] = []
        self.is_open = False
        self.is_ready = True
        self._outcomes = list(outcomes)
        self._script = script
        self._deliveries_max = deliveries_max

    async def open(self) -> None:
        self.is_open = True

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        """Answer at once, by the script."""
        self.deliveries.extend(deliveries)
        del self.deliveries[: -self._deliveries_max]
        return [self._outcome(delivery) for delivery in deliveries]

    def _outcome(self, delivery: Delivery) -> Outcome:
        if self._outcomes:
            return self._outcomes.pop(0)
        return self._script(delivery) if self._script else Delivered()

    async def probe(self) -> None:
        """Raises Unavailable while `is_ready` is false."""
        if not self.is_ready:
            raise Unavailable("the recorder is told not to be ready", where=self.name)

    async def close(self) -> None:
        self.is_open = False
