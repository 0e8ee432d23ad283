"""A stretch of a listing beside the records of the same keys: what is new, what is gone."""

from collections.abc import Sequence

from broker.clock import Clock, to_milliseconds
from sources.s3.events import Origin
from sources.s3.history import (
    NOTHING,
    History,
    decode,
    is_forgettable,
    is_there,
    judge,
    told_as,
)
from sources.s3.listing import Listed
from sources.s3.record_keys import RecordKeys, escaped
from sources.s3.sighting import Kind
from sources.s3.span import Span
from sources.s3.teller import Teller, Touched, Turn
from sources.s3.wanted import Wanted
from sources.source import Outlet

SCAN_ROWS_MAX = 1_000
MADE_BYTES = 2_048  # about what an event of a listed version takes

Row = tuple[str, bytes]


class Comparison:
    """Tells what the spans of a listing show and what they lack."""

    def __init__(
        self, outlet: Outlet, teller: Teller, origin: Origin, wanted: Wanted, clock: Clock
    ) -> None:
        self._outlet = outlet
        self._teller = teller
        self._origin = origin
        self._wanted = wanted
        self._clock = clock
        self._keys = RecordKeys(origin.bucket)

    async def settle(self, span: Span, touched: Touched, mark: bytes, is_mark_due: bool) -> None:
        """Store what follows from `span`, and `mark`, which says that the listing is so far.

        `touched` are the keys told of since the listing began: they are left to the
        notifications, which may know more than a page. A mark that is not due is stored only
        with news.
        """
        await self._teller.tell([self._origin.shown(one) for one in span.singles])
        left = {
            self._keys.of(one.key, one.version): one
            for one in span.versions
            if self._wanted.is_key(one.key)
        }
        after = self._keys.after(span.lower)
        while True:
            async with self._teller.turn() as turn:
                rows = await self._rows(after, span.upper)
                for row in rows:
                    await turn.relieve(MADE_BYTES)
                    self._compare(turn, row, left.pop(row[0], None), touched)
                is_mark_due |= turn.is_news
                if len(rows) < SCAN_ROWS_MAX:
                    await self._tell_left(turn, list(left.values()))
                    if is_mark_due or turn.is_news:
                        turn.keep(self._keys.listing, mark)
                    return
            after = rows[-1][0]

    async def _rows(self, after: str, upper: str | None) -> Sequence[Row]:
        rows = await self._outlet.scan(self._keys.prefix, after, SCAN_ROWS_MAX)
        if upper is None:
            return rows
        end = self._keys.after(upper)
        return [row for row in rows if row[0] < end]

    def _compare(self, turn: Turn, row: Row, listed: Listed | None, touched: Touched) -> None:
        record_key, value = row
        key, version = self._keys.read(record_key)
        if key in touched:
            return
        history = decode(value)
        if listed is not None:
            self._show(turn, history, listed)
        elif is_there(history):
            self._miss(turn, key, version, history)
        elif is_forgettable(history, to_milliseconds(self._clock.now())):
            turn.keep(record_key, None)

    def _miss(self, turn: Turn, key: str, version: str, history: History) -> None:
        if not self._wanted.is_key(key):
            return  # it was told under other filters: this listing does not show it
        last, now = history[-1], self._clock.now()
        told = told_as(Kind.REMOVED, version, last.etag, now)
        verdict = judge(history, version, told)
        turn.add(
            self._keys.of(key, version),
            verdict,
            lambda: self._origin.gone(key, version, last.etag, now),
        )

    def _show(self, turn: Turn, history: History, listed: Listed) -> None:
        kind = Kind.MARKED if listed.is_marker else Kind.CREATED
        told = told_as(kind, listed.version, listed.etag, listed.modified_at)
        verdict = judge(history, listed.version, told)
        record_key = self._keys.of(listed.key, listed.version)
        turn.add(record_key, verdict, lambda: self._origin.shown(listed))

    async def _tell_left(self, turn: Turn, left: list[Listed]) -> None:
        """What has no record: nothing was ever told of it, by whichever intake.

        A server lists the versions of one key newest first; they are told oldest first.
        """
        left.reverse()
        left.sort(key=lambda one: (escaped(one.key), one.modified_at))
        for listed in left:
            await turn.relieve(MADE_BYTES)
            self._show(turn, NOTHING, listed)
