"""When the ledger is written: with the next group commit, soon, one checkpoint at a time."""

import asyncio
from collections.abc import Callable

from broker.clock import Clock
from broker.errors import HeadraceError
from broker.storage.log import Log
from broker.storage.rows import Checkpoint
from broker.telemetry import Telemetry
from triggers.ledger import SETTLED_AT_ONCE, Ledger

DELAY_SECONDS = 0.025  # with a commit it stays below the 50 ms that a crash may repeat

AGAIN_SECONDS = 0.2


class Checkpointer:
    """Seals the ledger and hands it to the log; a failed checkpoint is kept and given again."""

    def __init__(
        self,
        broker: str,
        log: Log,
        ledger: Ledger,
        clock: Clock,
        telemetry: Telemetry,
        stand: Callable[[], tuple[int, int]],
        committed: Callable[[Checkpoint], None],
    ) -> None:
        """`stand` gives (routed, the lowest offset at which a lane without a row stands)."""
        self._broker = broker
        self._log = log
        self._ledger = ledger
        self._clock = clock
        self._telemetry = telemetry
        self._stand = stand
        self._committed = committed
        self._pending: Checkpoint | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sealed = self._written = 0  # checkpoints since start
        self.failures = 0  # for metrics
        self._wrote = asyncio.Event()

    def changed(self) -> None:
        """The ledger has got something; called often, costs nothing while one is armed."""
        if self._pending is not None:
            return
        ledger = self._ledger
        if ledger.urgent or ledger.settled >= SETTLED_AT_ONCE:
            self._flush()
        elif self._timer is None and not ledger.is_empty:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(DELAY_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pending is not None or self._ledger.is_empty:
            return
        routed, lowest = self._stand()
        self._pending = self._ledger.seal(routed, lowest, self._clock.now())
        self._sealed += 1
        self._log.checkpoint(self._pending, self._done)

    def _done(self, error: HeadraceError | None) -> None:
        checkpoint = self._pending
        assert checkpoint is not None
        if error is not None:
            self.failures += 1
            self._telemetry.emit("checkpoint.failed", broker=self._broker, error=str(error))
            loop = asyncio.get_running_loop()
            loop.call_later(AGAIN_SECONDS, self._log.checkpoint, checkpoint, self._done)
            return
        self._pending = None
        self._written += 1
        self._wrote.set()
        self._committed(checkpoint)  # before the next is sealed: that one knows this one
        self.changed()

    async def flush(self) -> None:
        """Write all there is now and wait until it is on disk; the caller bounds the wait.

        What is put in meanwhile is not waited for: under load there is always more.
        """
        self._flush()
        last = self._sealed + (not self._ledger.is_empty)
        while self._written < last:
            self._wrote.clear()
            await self._wrote.wait()
