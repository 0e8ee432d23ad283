"""The contract of a sink: carrying deliveries to one endpoint, and saying what it answered."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from broker.delivery import Delivery, Outcome
from sinks.target import Target

Done = Callable[[Any, Outcome], None]
"""Called with the delivery that was started, and its outcome."""


class Sink(Protocol):
    """One endpoint as triggers see it. Made without I/O; `open` before the first delivery.

    `batch_limit` is how many deliveries one call may carry now (1 for most kinds).
    `name` is what operators see: a URL without credentials, or `InferenceSink default/iris`.
    """

    name: str

    @property
    def batch_limit(self) -> int: ...

    async def open(self) -> None:
        """Load what deliveries need. Raises Invalid or Unavailable; may be called again."""
        ...

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        """Carry them; give one outcome each, same length, same order.

        `deadline` is monotonic seconds and covers everything. A refusal, a timeout, a
        broken connection is an Outcome, never an exception. Cancelling loses outcomes, so
        nobody does: stop by deadline.
        """
        ...

    async def probe(self) -> None:
        """Say that it would answer now; raises Unavailable with the reason."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class GovernedSink(Protocol):
    """A sink that knows its target: it tells it more than whether a call has failed."""

    own_target: Target


@runtime_checkable
class CallbackSink(Protocol):
    """A sink of one delivery a call that answers by callback: what the hot path asks first.

    `start` does what `deliver` of one does; `done(delivery, outcome)` is called once, on
    the loop, perhaps before `start` gives back.
    """

    def start(self, delivery: Delivery, deadline: float, done: Done) -> None: ...
