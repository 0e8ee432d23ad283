"""The dead letters that a plan is about: all that match, read in pages."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from broker.storage.desk import Condition, Desk, Term, outline_of
from broker.storage.sheet import Sheet, sheet_of
from triggers.redrive.aim import OWN, Aim
from triggers.redrive.plan import RATE_PER_SECOND, STATE_OF_VERB, Verb

if TYPE_CHECKING:  # most partitions never read a query
    from triggers.where import Query

NAMED_AT_ONCE = 250  # of those that are asked for by id
SHEET_LETTERS = 2_000
SIFTED_LETTERS = 250  # of those that are read whole


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What somebody asks for: those of `ids`, or those that match `query`, of `group` if given."""

    verb: Verb
    query: "Query | None" = None  # None: everything
    group: str | None = None
    ids: tuple[str, ...] | None = None
    rate_per_second: float = RATE_PER_SECOND
    aim: Aim = OWN

    def conditions(self) -> list[Condition]:
        """What the store is asked, one after the other."""
        state = self._in_state()
        if self.ids is not None:
            each = tuple(dict.fromkeys(self.ids))
            slices = range(0, len(each), NAMED_AT_ONCE)
            return [(*state, Term("id", "in", each[at : at + NAMED_AT_ONCE])) for at in slices]
        group = () if self.group is None else (Term("group", "=", self.group),)
        asked = () if self.query is None else self.query.condition
        return [(*asked, *group, *state)]

    def _in_state(self) -> Condition:
        state = STATE_OF_VERB.get(self.verb)
        return () if state is None else (Term("state", "=", state.value),)


async def read_sheets(
    desk: Desk, request: PlanRequest, since: Sequence[datetime]
) -> AsyncIterator[Sheet]:
    """All that is meant, newest dead first; some sheets may have nothing. `since`: see Share."""
    sieve = None if request.query is None or not request.query.rest else request.query.sieve
    for condition in request.conditions():
        cursor: str | None = None
        while True:
            if sieve is None:
                sheet = await desk.sheet(condition, cursor, SHEET_LETTERS, since)
            else:
                found = await desk.sift(condition, sieve, cursor, SIFTED_LETTERS, SIFTED_LETTERS)
                sheet = sheet_of(map(outline_of, found.items), since, found.next)
            yield sheet
            if (cursor := sheet.next) is None:
                break
