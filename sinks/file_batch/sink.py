"""The sink of `kind: FileBatch`: a delivery names files, and whoever keeps jobs works on them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from broker.clock import Clock
from broker.delivery import Delivery, Evidence, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Denied, HeadraceError, Invalid, Unavailable
from sinks.file_batch.spec import FileBatchSpec
from sinks.file_batch.store import Access, Judge
from sinks.sink import Sink
from sinks.spec import FileBatchSinkSpec, InferenceSinkSpec
from sinks.target import Target

DeskOf = Callable[[str], "JobDesk"]
"""The desk of a trigger (namespace/name)."""


class JobDesk(Protocol):
    """Who makes jobs of the files that deliveries name, and knows what has become of them."""

    async def work_on(self, delivery: Delivery, sink: "FileBatchSink") -> Outcome:
        """Delivered once all jobs of the delivery are done; a Failed that waits until then.

        Raises HeadraceError where nothing can be said of its files.
        """
        ...


class FileBatchSink:
    """`model` predicts what the files hold, called as `called`; `target` is what its callers share.

    `access` reaches the files; `judge` says which addresses may be fetched from.
    """

    batch_limit = 1

    def __init__(
        self,
        spec: FileBatchSinkSpec,
        model: tuple[Sink, Target],
        judge: Judge,
        clock: Clock,
        desk_of: DeskOf,
    ) -> None:
        self.name = f"FileBatch {spec.name}"
        self.model, self.target = model
        self.access = Access(spec.batch.root, spec.batch.s3, judge)
        self.called = called(self.model, spec.batch.call.binary)
        self._spec = spec
        self._clock = clock
        self._desk_of = desk_of

    @property
    def spec(self) -> FileBatchSpec:
        return self._spec.batch

    @property
    def model_spec(self) -> InferenceSinkSpec:
        return self._spec.model

    async def open(self) -> None:
        """The model is opened by itself: it may be others' sink too."""

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        return [await self._deliver(delivery, deadline) for delivery in deliveries]

    async def _deliver(self, delivery: Delivery, deadline: float) -> Outcome:
        try:
            async with asyncio.timeout(deadline - self._clock.monotonic()):
                return await self._desk_of(delivery.trigger).work_on(delivery, self)
        except TimeoutError:
            evidence = Evidence(phase="timeout")
            message = "the store of files does not answer in time"
            return Failed(OutcomeClass.TRANSIENT, message, evidence=evidence)
        except HeadraceError as error:
            return failed_by(error)

    async def probe(self) -> None:
        await self.model.probe()

    async def close(self) -> None:
        """Nothing is held."""


def called(model: Sink, binary: Literal["auto", "true", "false"]) -> Sink:
    """`model`, its tensors raw or in JSON where that is said: of protocol v2 then, a server."""
    if binary == "auto":
        return model
    from sinks.inference.server.speaking import Speaking  # only where one is configured

    return Speaking(model, binary)


def failed_by(error: HeadraceError) -> Failed:
    """What an error of a store or of an event's text says of its delivery."""
    if isinstance(error, Unavailable):
        return Failed(OutcomeClass.TRANSIENT, str(error))
    reason = Reason.REFUSED if isinstance(error, Denied) else Reason.BAD_INPUT
    if not isinstance(error, Denied | Invalid):  # changed while it was looked at
        return Failed(OutcomeClass.TRANSIENT, str(error))
    return Failed(OutcomeClass.BAD_INPUT, str(error), reason=reason)
