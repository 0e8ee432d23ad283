"""The slow lane: reads the log in pages for triggers that are behind.

One reader serves all of a partition: a page goes to every lane that stands within it, so
that triggers that fell behind together (a restart) cost one reading.
"""

import asyncio
from collections.abc import Callable

from broker.storage.log import Log
from triggers.caution import Caution
from triggers.lane import Lane
from triggers.router import Router

PAGE_EVENTS = 512
PAGE_BYTES_MAX = 4 * 1024 * 1024


class Reader:
    def __init__(self, log: Log, router: Router, wake: Callable[[Lane], None]) -> None:
        self._log = log
        self._router = router
        self._wake_lane = wake
        self._asked = asyncio.Event()
        self.caution: Caution | None = None

    def ask(self) -> None:
        """A lane fell behind, or one that is behind has room again."""
        self._asked.set()

    def hungry(self) -> list[Lane]:
        """Lanes that are behind and could take a page, those farthest behind first."""
        lanes = [
            lane
            for lane in self._router.behind
            if not (lane.is_paused or lane.holds) and lane.has_room and lane.wants_page
        ]
        lanes.sort(key=lambda lane: lane.position)
        return lanes

    async def run(self) -> None:
        """Feed until cancelled; sleeps while nobody is hungry."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            while lanes := self.hungry():
                await self._feed(lanes)

    async def _feed(self, lanes: list[Lane]) -> None:
        after, routed = lanes[0].position, self._router.routed
        page = self._router.recent.after(after, PAGE_EVENTS)
        if page:
            await asyncio.sleep(0)  # between two pages others have their turn
        else:
            page = await self._log.read(after, PAGE_EVENTS, PAGE_BYTES_MAX)
        # A commit may be readable before its group was routed: what the router has not
        # seen is not the reader's yet, or a lane could get it twice.
        known = [stored for stored in page if stored.offset <= self._router.routed]
        if not known:
            if self._router.routed == routed:  # else there is more by now than was read
                self._catch_up(lanes, after)
            return
        if self.caution is None:
            self._router.feed(lanes, known, after)
        else:
            await self.caution.feed(self._router, lanes, known, after)
        for lane in lanes:
            self._wake_lane(lane)

    def _catch_up(self, lanes: list[Lane], after: int) -> None:
        """Nothing is left to read before `routed` (what was there has been pruned)."""
        for lane in lanes:
            if lane.position >= after and lane in self._router.behind and not lane.holds:
                self._router.catch_up(lane)
