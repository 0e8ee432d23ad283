"""Between intake and log: what comes in one turn of the loop goes to the writer together.

While deliveries queue because this process is busy (not because a sink is slow), commits
wait a little: publishers slow down to what can be delivered, instead of building a backlog
that costs more to deliver later.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from broker.storage.rows import Append

TURN_BUSY_SECONDS = 0.0015  # a turn of the loop that took longer had no time to spare
WAIT_SECONDS_MAX = 0.025
LOOK_AGAIN_SECONDS = 0.001


class AppendAll(Protocol):
    """`Log.append`."""

    def __call__(self, *appends: Append) -> None: ...


class Gathering:
    """`append` in place of a log's, which gets several at once.

    `is_pressed` says whether deliveries queue in memory.
    """

    def __init__(
        self,
        append: AppendAll,
        is_pressed: Callable[[], bool],
        monotonic: Callable[[], float],
    ) -> None:
        self._append = append
        self._is_pressed = is_pressed
        self._monotonic = monotonic
        self._gathered: list[Append] = []
        self._since = 0.0
        self._was_busy = False

    def append(self, append: Append) -> None:
        """Hand `append` to the log, in this turn's company; at most 25 ms later."""
        self._gathered.append(append)
        if len(self._gathered) == 1:
            self._since = self._monotonic()
            asyncio.get_running_loop().call_soon(self._turned)

    def _turned(self) -> None:
        """One turn of the loop is over: what it took tells whether there is time to spare."""
        self._was_busy = self._monotonic() - self._since > TURN_BUSY_SECONDS
        self._hand_over()

    def _hand_over(self) -> None:
        waited = self._monotonic() - self._since
        if self._was_busy and waited < WAIT_SECONDS_MAX and self._is_pressed():
            asyncio.get_running_loop().call_later(LOOK_AGAIN_SECONDS, self._hand_over)
            return
        gathered, self._gathered = self._gathered, []
        self._append(*gathered)
