"""Look at dead letters by a query: the store's pages, sifted, a bounded number at a time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from broker.clock import Clock
from broker.errors import Invalid
from broker.storage.condition import encode_cursor
from broker.storage.desk import Condition, Desk
from broker.storage.rows import DeadLetter
from triggers.where.query import Query

PAGE_ROWS = 100
ROWS_A_TURN = 20  # of the event loop, which has deliveries to make
LOOKED_ROWS_MAX = 5_000
LOOK_SECONDS_MAX = 0.2
COUNTED_ROWS_MAX = 100_000
COUNT_SECONDS_MAX = 5.0


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


@dataclass(frozen=True, slots=True)
class Counted:
    """How many match, in all and by what they have in common; complete unless too many rows."""

    count: int = 0
    is_complete: bool = True
    by_trigger: Mapping[str, int] = field(default_factory=dict)
    by_reason: Mapping[str, int] = field(default_factory=dict)
    by_group: Mapping[str, int] = field(default_factory=dict)


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
    tally = await desk.tally(condition, COUNTED_ROWS_MAX)
    of = tally.count if tally.is_complete else None
    until = clock.monotonic() + LOOK_SECONDS_MAX
    items: list[DeadLetter] = []
    looked = 0
    while True:
        page = await desk.page(condition, cursor, PAGE_ROWS)
        for letter in page.items:
            looked += 1
            if query.keeps(letter):
                items.append(letter)
            is_bound = looked >= LOOKED_ROWS_MAX or clock.monotonic() >= until
            if len(items) == limit or is_bound:
                is_last = page.next is None and letter is page.items[-1]
                cursor = None if is_last else encode_cursor(letter.dead_at, letter.id)
                return Looked(tuple(items), looked, of, cursor)
        if (cursor := page.next) is None:
            return Looked(tuple(items), looked, of, None)


async def count(desk: Desk, query: Query, more: Condition, clock: Clock) -> Counted:
    """How many dead letters match `query` and meet `more` as well."""
    if not query.rest:
        tally = await desk.tally((*query.condition, *more), COUNTED_ROWS_MAX)
        by: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
        for common, number in tally.rows.items():
            for counter, name in zip(by, common, strict=True):
                counter[name] += number
        return Counted(tally.count, tally.is_complete, *by)
    by = (Counter(), Counter(), Counter())
    until = clock.monotonic() + COUNT_SECONDS_MAX
    found = looked = 0
    async for letter in _rows(desk, query, more):
        if looked >= COUNTED_ROWS_MAX or clock.monotonic() >= until:
            return Counted(found, False, *by)
        looked += 1
        if query.keeps(letter):
            found += 1
            common = (letter.place.trigger, letter.reason, letter.group)
            for counter, name in zip(by, common, strict=True):
                counter[name] += 1
    return Counted(found, True, *by)


async def collect(desk: Desk, query: Query, more: Condition, limit: int, clock: Clock) -> list[str]:
    """The ids of at most `limit` that match. Raises Invalid where it takes too many rows."""
    ids: list[str] = []
    until = clock.monotonic() + COUNT_SECONDS_MAX
    looked = 0
    async for letter in _rows(desk, query, more):
        if len(ids) == limit:
            break
        if looked >= COUNTED_ROWS_MAX or clock.monotonic() >= until:
            raise Invalid(
                f"after {looked} dead letters there are still more to look at",
                code="too-many",
                where="where",
                remedy="narrow it by trigger, reason, group, state or a time",
            )
        looked += 1
        if query.keeps(letter):
            ids.append(letter.id)
    return ids


async def _rows(desk: Desk, query: Query, more: Condition) -> AsyncIterator[DeadLetter]:
    cursor: str | None = None
    while True:
        page = await desk.page((*query.condition, *more), cursor, PAGE_ROWS)
        for number, letter in enumerate(page.items):
            if number % ROWS_A_TURN == 0:
                await asyncio.sleep(0)
            yield letter
        if (cursor := page.next) is None:
            return
