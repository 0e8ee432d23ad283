"""Followers: requests that wait for events to be stored, bounded in number and time."""

import asyncio
from collections.abc import Callable

from deploy.admin.log_pages import POLL_SECONDS, LogPages, Matches, Page

WAIT_SECONDS_MAX = 20.0
FOLLOWERS_MAX = 32  # the next one is answered at once, and asks again


class Following:
    """Counts those who wait; they look at one number in memory ten times a second."""

    def __init__(self, is_ending: Callable[[], bool]) -> None:
        self._is_ending = is_ending
        self.count = 0

    async def on(
        self, pages: LogPages, after: int, limit: int, matches: Matches | None, seconds: float
    ) -> Page:
        """The next page beyond `after` with something in it, or an empty one after `seconds`."""
        page = await pages.on(after, limit, matches)
        if page.items or self.count >= FOLLOWERS_MAX:
            return page
        looked_at = page.looked_at
        loop = asyncio.get_running_loop()
        until = loop.time() + min(seconds, WAIT_SECONDS_MAX)
        self.count += 1
        try:
            while not page.items and loop.time() < until and not self._is_ending():
                if pages.newest == page.next:
                    await asyncio.sleep(POLL_SECONDS)
                page = await pages.on(page.next or after, limit, matches)
                looked_at += page.looked_at
        finally:
            self.count -= 1
        return Page(page.items, page.next, looked_at)
