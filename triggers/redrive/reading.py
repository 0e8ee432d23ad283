"""The dead letters that a plan is about: all that match, read in pages."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.storage.desk import Condition, Desk, Outline, Term, outline_of
from triggers.redrive.plan import RATE_PER_SECOND, STATE_OF_VERB, Verb

if TYPE_CHECKING:  # most partitions never read a query
    from triggers.where import Query

PAGE_LETTERS = 250
LETTERS_A_TURN = 25  # of the event loop, which has deliveries to make
PAGE_OUTLINES = 1_000
OUTLINES_A_TURN = 200


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What somebody asks for: those of `ids`, or those that match `query`, of `group` if given."""

    verb: Verb
    query: "Query | None" = None  # None: everything
    group: str | None = None
    ids: tuple[str, ...] | None = None
    rate_per_second: float = RATE_PER_SECOND

    def conditions(self) -> list[Condition]:
        """What the store is asked, one after the other."""
        state = self._in_state()
        if self.ids is not None:
            each = tuple(dict.fromkeys(self.ids))
            slices = range(0, len(each), PAGE_LETTERS)
            return [(*state, Term("id", "in", each[at : at + PAGE_LETTERS])) for at in slices]
        group = () if self.group is None else (Term("group", "=", self.group),)
        asked = () if self.query is None else self.query.condition
        return [(*asked, *group, *state)]

    def _in_state(self) -> Condition:
        state = STATE_OF_VERB.get(self.verb)
        return () if state is None else (Term("state", "=", state.value),)


async def read_outlines(desk: Desk, request: PlanRequest) -> AsyncIterator[Outline | None]:
    """Each that is meant, newest dead first; None for one that was looked at in vain."""
    query = request.query
    for condition in request.conditions():
        if query is None or not query.rest:
            found = _whole(desk, condition)
        else:
            found = _sifted(desk, query, condition)
        async for one in found:
            yield one


async def _whole(desk: Desk, condition: Condition) -> AsyncIterator[Outline | None]:
    """Where the store answers all that is asked."""
    cursor: str | None = None
    while True:
        outlines, cursor = await desk.outlines(condition, cursor, PAGE_OUTLINES)
        for number, outline in enumerate(outlines):
            if number % OUTLINES_A_TURN == 0:
                await asyncio.sleep(0)
            yield outline
        if cursor is None:
            return


async def _sifted(
    desk: Desk, query: "Query", condition: Condition
) -> AsyncIterator[Outline | None]:
    """Where each has to be looked at whole."""
    cursor: str | None = None
    while True:
        page = await desk.page(condition, cursor, PAGE_LETTERS)
        for number, letter in enumerate(page.items):
            if number % LETTERS_A_TURN == 0:
                await asyncio.sleep(0)
            yield outline_of(letter) if query.keeps(letter) else None
        if (cursor := page.next) is None:
            return
