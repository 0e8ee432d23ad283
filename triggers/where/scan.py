"""Look at dead letters by a query: the store's pages, sifted, a bounded number at a time."""

from dataclasses import dataclass

from broker.clock import Clock
from broker.storage.desk import Condition, Desk
from broker.storage.rows import DeadLetter
from triggers.where.query import Query

SLICE_ROWS = 100  # that are read whole at once
SLICE_ROWS_HINTED = 1_000  # of which most need not be read
LOOKED_ROWS_MAX = 5_000
LOOK_SECONDS_MAX = 0.2
COUNTED_ROWS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Looked:
    """A page of what was asked for: `looked` rows of `of` were looked at for it.

    `next` goes on where this one ended, at the limit or at the bound of one look; None at the
    end. `of` is None where the store answered all of it, or has more than COUNTED_ROWS_MAX.
    """

    items: tuple[DeadLetter, ...]
    looked: int
    of: int | None
    next: str | None


async def look(
    desk: Desk,
    query: Query,
    cursor: str | None,
    limit: int,
    clock: Clock,
    more: Condition = (),
) -> Looked:
    """At most `limit` dead letters that match `query` and meet `more`, newest dead first."""
    condition = (*query.condition, *more)
    if not query.rest:
        page = await desk.page(condition, cursor, limit)
        return Looked(page.items, len(page.items), None, page.next)
    counted = await desk.count(condition, COUNTED_ROWS_MAX + 1)
    of = counted if counted <= COUNTED_ROWS_MAX else None
    until = clock.monotonic() + LOOK_SECONDS_MAX
    items: list[DeadLetter] = []
    looked = 0
    sieve = query.sieve
    rows = SLICE_ROWS_HINTED if sieve.texts else SLICE_ROWS
    while True:
        sifted = await desk.sift(condition, sieve, cursor, rows, limit - len(items))
        items += sifted.items
        looked += sifted.looked
        cursor = sifted.next
        is_bound = looked >= LOOKED_ROWS_MAX or clock.monotonic() >= until
        if cursor is None or len(items) == limit or is_bound:
            return Looked(tuple(items), looked, of, cursor)
