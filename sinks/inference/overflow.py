"""Replies too large for a log: their data in a folder or a bucket, named by `dataref`.

Source: CloudEvents, Dataref extension (the claim check pattern).
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, cast

from broker.clock import Clock
from broker.delivery import Delivered, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Conflict, Denied, Invalid, Unavailable
from sinks.inference.overflow_place import OverflowPlace

if TYPE_CHECKING:
    from sinks.inference_spec import OverflowSpec

THREADS_MAX = 4


class Large(NamedTuple):
    """`delivered` counts once `data` is stored as `name`: no reply is without its data."""

    delivered: Delivered
    name: str
    data: bytes


async def all_settled(
    overflow: "Overflow | None", found: Sequence[Outcome | Large], clock: Clock, deadline: float
) -> list[Outcome]:
    """The outcomes of `found`; without an overflow nothing in it is large."""
    if overflow is None:
        return cast(list[Outcome], found)
    return await overflow.settled(found, clock, deadline)


class Overflow:
    """One place. Made without I/O; what is stored is removed by whoever looks after its age."""

    def __init__(self, spec: "OverflowSpec", *, is_resent: bool) -> None:
        self.place = OverflowPlace(spec)
        self._is_resent = is_resent
        self._threads: ThreadPoolExecutor | None = None

    async def settled(
        self, outcomes: Sequence[Outcome | Large], clock: Clock, deadline: float
    ) -> list[Outcome]:
        """Each large reply stored, or why it cannot be; the others as they are."""
        seconds = max(0.0, deadline - clock.monotonic())
        return list(
            await asyncio.gather(*(self._settled(outcome, seconds) for outcome in outcomes))
        )

    async def close(self) -> None:
        """Wait for what is being written; it may be used again."""
        threads, self._threads = self._threads, None
        self.place.close()
        if threads is not None:
            await asyncio.to_thread(threads.shutdown)

    async def _settled(self, outcome: Outcome | Large, seconds: float) -> Outcome:
        if not isinstance(outcome, Large):
            return outcome
        self._threads = self._threads or ThreadPoolExecutor(
            THREADS_MAX, thread_name_prefix="headrace-overflow"
        )
        loop, put = asyncio.get_running_loop(), self.place.put
        try:
            async with asyncio.timeout(seconds):
                await loop.run_in_executor(self._threads, put, outcome.name, outcome.data)
        except TimeoutError:
            return self._failed(outcome, "it was not done before the deadline")
        except (Unavailable, Conflict) as error:
            return self._failed(outcome, str(error))
        except (Denied, Invalid) as error:
            return self._failed(outcome, str(error), OutcomeClass.CONFIG)
        return outcome.delivered

    def _failed(
        self, large: Large, why: str, found: OutcomeClass = OutcomeClass.TRANSIENT
    ) -> Failed:
        """The model has answered; it is asked again, unless that is forbidden."""
        what = f"the reply of {len(large.data):,} bytes could not be stored at reply.overflow: "
        status = large.delivered.status
        if not self._is_resent:
            what += f"{why}; it was sent, and resend is never"
            return Failed(OutcomeClass.TRANSIENT, what, status, reason=Reason.ATTEMPTS)
        is_config = found is OutcomeClass.CONFIG
        return Failed(found, what + why, status, pause=is_config, is_held=is_config)
