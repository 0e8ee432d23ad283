"""Pages of one broker's log: back from its end or on from an offset, sifted in bounded scans."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from broker.errors import Invalid, InvalidFilter
from broker.event import Event, StoredEvent
from deploy.admin.views import event_view
from deploy.running import RunningBroker

PAGE_BYTES_MAX = 64 * 1024 * 1024
SLICE_BYTES_MAX = 8 * 1024 * 1024
SLICE_EVENTS = 500
LOOKED_AT_MAX = 5_000  # by one request: about 50 ms of the reader, beside deliveries
POLL_SECONDS = 0.1
FILTER_CHARACTERS_MAX = 4_000
END = 1 << 62  # beyond any offset

Matches = Callable[[Event], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is what to ask for next: the offset to go on below, or after; None at the end."""

    items: list[dict[str, Any]]
    next: int | None
    looked_at: int


def sieve(text: str | None) -> Matches | None:
    """The filter that `text` is, None for none. Raises InvalidFilter saying the column."""
    if text is None:
        return None
    from triggers.filters.cesql.compile import compile_filter

    try:
        return compile_filter(text).matches
    except InvalidFilter as error:
        error.where = "filter" if error.column is None else f"filter, column {error.column}"
        raise


class LogPages:
    """Reads beside deliveries, a slice at a time, and lets them go first between two."""

    def __init__(self, broker: RunningBroker) -> None:
        self._name = broker.spec.name
        self._log = broker.engine.log
        self._router = broker.partition.router

    @property
    def newest(self) -> int:
        """The last offset that is shown."""
        return self._router.routed

    async def back(self, below: int, lowest: int, limit: int, matches: Matches | None) -> Page:
        """Newest first: offsets in (`lowest`, `below`) that match, at most `limit`."""
        items: list[dict[str, Any]] = []
        looked_at, top = 0, min(below, self.newest + 1) - 1
        while top > lowest and len(items) < limit and looked_at < LOOKED_AT_MAX:
            step = limit if matches is None else SLICE_EVENTS
            bottom = max(lowest, top - step)
            found, seen = await self._slice(bottom, top, matches)
            left = limit - len(items)
            items += reversed(found[-left:])
            looked_at += seen
            # Nothing there: what was older is past retention.
            top = bottom if seen else lowest
            if len(found) > left:
                top = int(items[-1]["offset"]) - 1
        return Page(items, top + 1 if top > lowest else None, looked_at)

    async def _slice(
        self, bottom: int, top: int, matches: Matches | None
    ) -> tuple[list[dict[str, Any]], int]:
        """What matches in (`bottom`, `top`], ascending, and how many there were."""
        items: list[dict[str, Any]] = []
        after, seen = bottom, 0
        bytes_max = PAGE_BYTES_MAX if matches is None else SLICE_BYTES_MAX
        while after < top:  # a reading ends at its bytes, and what is shown is without the data
            page = await self._log.read(after, top - after, bytes_max)
            inside = [stored for stored in page if stored.offset <= top]
            seen += len(inside)
            items += self._sifted(inside, matches)
            after = page[-1].offset if page else top
        return items, seen

    async def on(self, after: int, limit: int, matches: Matches | None) -> Page:
        """Oldest first: offsets beyond `after` that match, at most `limit`; `next` is never None.

        From memory where it reaches back so far, so that followers cost the store nothing.
        """
        items: list[dict[str, Any]] = []
        looked_at, end = 0, self.newest
        while after < end and len(items) < limit and looked_at < LOOKED_AT_MAX:
            page = self._router.recent.after(after, SLICE_EVENTS)
            if not page:
                page = await self._log.read(after, SLICE_EVENTS, SLICE_BYTES_MAX)
            inside = [stored for stored in page if stored.offset <= end]
            found = self._sifted(inside, matches)
            left = limit - len(items)
            items += found[:left]
            looked_at += len(inside)
            after = inside[-1].offset if inside else end
            if len(found) > left:
                after = int(items[-1]["offset"])
            await asyncio.sleep(0)
        return Page(items, after, looked_at)

    def _sifted(self, page: Sequence[StoredEvent], matches: Matches | None) -> list[dict[str, Any]]:
        return [
            event_view(self._name, stored)
            for stored in page
            if matches is None or matches(stored.event)
        ]


def out_of_step(first: str, second: str) -> Invalid:
    """Two parameters that ask for opposite directions."""
    return Invalid(
        f"{first} and {second} cannot be asked for together",
        code="bad-parameter",
        where=second,
        remedy=f"{first} goes back from the newest, after goes on from an offset",
    )
