"""The next of an ordered key, when it waits as an offset only: fetch its event."""

import asyncio
from collections import deque
from collections.abc import Callable

from broker.storage.log import Log
from triggers.carriage import fresh
from triggers.lane import ENDING, Lane


class Recall:
    """One reader for all offset-only rows whose turn has come; at most one row per key waits."""

    def __init__(self, log: Log, wake: Callable[[Lane], None]) -> None:
        self._log = log
        self._wake_lane = wake
        self._wanted: deque[tuple[Lane, int, str]] = deque()
        self._asked = asyncio.Event()

    def ask(self, lane: Lane, offset: int, key: str) -> None:
        self._wanted.append((lane, offset, key))
        self._asked.set()

    async def run(self) -> None:
        """Fetch until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            while self._wanted:
                lane, offset, key = self._wanted.popleft()
                page = await self._log.read(offset - 1, 1, 1)
                if ENDING in lane.holds:  # an operator ends it, this row included
                    continue
                if not page or page[0].offset != offset:
                    raise LookupError(f"offset {offset} of {lane.name} is named by a row but gone")
                carriage = fresh(lane.id_prefix, lane.name, page[0])
                carriage.waiting = True
                carriage.order_key = key
                lane.released.append(carriage)
                self._wake_lane(lane)
