"""Trials: what is tried alone is on disk before, and goes from it with what it came to."""

import asyncio
from collections.abc import Callable

from broker.storage.rows import Checkpoint, Record
from broker.telemetry import Telemetry
from triggers.ledger import Ledger
from triggers.poison import Suspects


class Trials:
    """One partition's, one at a time; `changed` tells the checkpointer of the ledger."""

    def __init__(
        self,
        suspects: Suspects,
        ledger: Ledger,
        telemetry: Telemetry,
        changed: Callable[[], None],
    ) -> None:
        self.suspects = suspects
        self._ledger = ledger
        self._telemetry = telemetry
        self._changed = changed
        self._written: dict[str, asyncio.Future[None]] = {}
        self._under_way: str | None = None

    async def begin(self, key: str) -> None:
        """`key` is on disk as under way when this gives back."""
        written = self._written[key] = asyncio.get_running_loop().create_future()
        self.put(self.suspects.begin(key))
        self._hurry()
        await written
        self._under_way = key

    def committed(self, checkpoint: Checkpoint) -> None:
        for record in checkpoint.records:
            if record.value is None:  # an earlier end of the same work
                continue
            written = self._written.pop(record.key, None)
            if written is not None and not written.done():
                written.set_result(None)

    def survived(self, key: str) -> None:
        """To be called in the turn of the loop that settles it: then one checkpoint has both."""
        self._under_way = None
        self.put(self.suspects.survived(key))
        # Two turns on: the record of the next trial, if there is one, shares that checkpoint.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._hurry)

    def put(self, *records: Record) -> None:
        self._ledger.records.extend(records)

    def tell(self, key: str, trigger: str, offset: int) -> None:
        """What ended alone before is a suspect now."""
        if ends := self.suspects.ends(key):
            self._telemetry.emit("poison.suspected", trigger=trigger, offset=offset, ends=ends)

    def close(self) -> None:
        """A clean end: what is under way now, overdue, has not ended the process."""
        if self._under_way is not None:
            self.put(self.suspects.survived(self._under_way))
            self._hurry()

    def _hurry(self) -> None:
        if self._ledger.records:
            self._ledger.urgent = True
            self._changed()
