"""The stock loop, which ends only when its connections have.

A polite end of TLS takes some turns more than whoever closes it waits; a loop that is closed
meanwhile leaves the socket to the collector of garbage, which then fails some later test.
"""

import asyncio
import selectors

ENDING_SECONDS_MAX = 1.0
POLL_SECONDS = 0.001


class EndingLoop(asyncio.SelectorEventLoop):
    """What is still open after ENDING_SECONDS_MAX nobody closes: it is told as ever."""

    def __init__(self) -> None:
        self._watched = selectors.DefaultSelector()
        super().__init__(self._watched)
        self._own = len(self._watched.get_map())  # how it is woken up

    async def shutdown_asyncgens(self) -> None:
        """The last but one that a Runner asks for; what it cancelled is over."""
        await super().shutdown_asyncgens()
        until = self.time() + ENDING_SECONDS_MAX
        while len(self._watched.get_map()) > self._own and self.time() < until:
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.sleep(0)  # what was not watched any more is closed a turn later
