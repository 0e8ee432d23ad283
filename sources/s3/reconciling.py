"""The listing that finds what notifications missed: at start, in intervals, and when asked.

The pages of a listing are laid beside the records of the same stretch of keys: both are in
order. A key that has a record and is not on its page is gone, unless a notification told of it
since the listing began. How far the listing is, is stored with what it told: after an end
it goes on there, and then lists the part before.
"""

import asyncio
from collections.abc import Callable

from sources.s3.client import LIST, LIST_VERSIONS, S3Client
from sources.s3.comparison import Comparison
from sources.s3.listing import Query, first_query, read_page
from sources.s3.options import S3Options
from sources.s3.record_keys import RecordKeys, escaped, unescaped
from sources.s3.span import Spans
from sources.s3.teller import TOUCHED_MAX, Teller
from sources.source import Outlet, SourceSupplies

MARK_PAGES = 20  # a listing without news stores how far it is at every so many
PAUSE_SECONDS_MIN = 2.0  # between two listings, however often one is asked for
UNORDERED = (
    "the server does not list keys in the order of their bytes: each is looked up by itself, and "
    "removals are told by notifications alone"
)
TOO_BUSY = (
    f"over {TOUCHED_MAX:,} keys changed during one listing: what notifications missed is found by "
    "the next one; narrow spec.prefix if this comes again"
)


class Reconciling:
    """`await run()` lists for ever; `ask()` brings the next listing forward."""

    def __init__(
        self,
        client: S3Client,
        outlet: Outlet,
        teller: Teller,
        comparison: Comparison,
        options: S3Options,
        supplies: SourceSupplies,
    ) -> None:
        self._client = client
        self._outlet = outlet
        self._teller = teller
        self._comparison = comparison
        self._options = options
        self._supplies = supplies
        self._keys = RecordKeys(options.bucket)
        self._asked = asyncio.Event()
        self._objects = 0

    def ask(self) -> None:
        self._asked.set()

    async def run(self, connected: Callable[[], None]) -> None:
        """`connected` is called at each listing's first page."""
        while True:
            self._asked.clear()
            await self.list_all(connected)
            seconds = self._options.reconcile_seconds * (0.9 + 0.2 * self._supplies.chance())
            await asyncio.sleep(min(PAUSE_SECONDS_MIN, seconds))
            try:
                async with asyncio.timeout(seconds):
                    await self._asked.wait()
            except TimeoutError:
                continue  # nobody asked: it is time all the same

    async def list_all(self, connected: Callable[[], None]) -> None:
        """One whole listing, begun where one that was cut off had come to."""
        is_versioned = (await self._client.facts()).is_versioned
        begun = _after_of(await self._outlet.record(self._keys.listing))
        self._objects = 0
        await self._list(Spans(begun, None, is_versioned), begun, is_versioned, connected)
        if begun:
            await self._list(Spans("", begun, is_versioned), "", is_versioned, connected)
        self._outlet.standing.position = (
            f"listing complete {self._supplies.clock.now():%H:%M}, {self._objects:,} objects"
        )

    async def _list(
        self, spans: Spans, after: str, is_versioned: bool, connected: Callable[[], None]
    ) -> None:
        query: Query | None = first_query(self._options.prefix, after, is_versioned)
        right = LIST_VERSIONS if is_versioned else LIST
        # From here on: later pages may come from what the server cached at the first.
        touched = self._teller.watch()
        pages = 0
        while query is not None and not spans.is_over:
            page = read_page(await self._client.get(query, right), query)
            connected()
            span, query = spans.take(page), page.next_query
            if spans.is_unordered:
                self._outlet.standing.notice(UNORDERED)
            if touched.is_full:
                self._outlet.standing.notice(TOO_BUSY)
            pages += 1
            self._objects += len(page.versions)
            mark = b"" if spans.is_over else escaped(span.upper or "").encode()
            is_due = spans.is_over or not pages % MARK_PAGES
            await self._comparison.settle(span, touched, mark, is_due)
            self._outlet.standing.position = f"listing, {self._objects:,} objects so far"


def _after_of(mark: bytes | None) -> str:
    """The key behind which a listing goes on, "" for the first."""
    return unescaped(mark.decode()) if mark else ""
