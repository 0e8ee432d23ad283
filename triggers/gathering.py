"""Gathering: a call of a model waits a little for more to carry, where `batch.maxDelay` says so.

What waits for a free slot gathers meanwhile: the time counts from when the lane first had
something to carry after its last call began.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triggers.lane import Lane


class Gathering:
    """One lane's; over by its time, or when `end` is called because there is enough."""

    __slots__ = ("_timer", "is_over")

    def __init__(self, seconds: float, asks_again: Callable[[], None]) -> None:
        self.is_over = False
        self._timer = asyncio.get_running_loop().call_later(seconds, self._pass, asks_again)

    def _pass(self, asks_again: Callable[[], None]) -> None:
        self.is_over = True
        asks_again()

    def end(self) -> None:
        self.is_over = True
        self._timer.cancel()


def gathers(lane: "Lane", asks_again: Callable[[], None]) -> bool:
    """Whether the next call of `lane` waits for more; then `asks_again` is called in time.

    A call by which a model is tried carries one delivery, and waits for nothing.
    """
    if lane.target.is_trying:
        return False
    if lane.gathering is None:
        lane.gathering = Gathering(lane.delay_seconds, asks_again)
    if not lane.gathering.is_over and waiting_deliveries(lane) >= lane.sink.batch_limit:
        lane.gathering.end()
    return not lane.gathering.is_over


def end_gathering(lane: "Lane") -> None:
    """A call begins; what comes next gathers anew."""
    if lane.gathering is not None:
        lane.gathering.end()
        lane.gathering = None


def waiting_deliveries(lane: "Lane") -> int:
    """What the next call could carry."""
    fresh = len(lane.queue) + len(lane.held) + len(lane.released)
    return fresh + (len(lane.retries) if lane.target.takes_retries else 0)
