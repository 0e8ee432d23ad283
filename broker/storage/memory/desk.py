"""The dead-letter desk of a memory partition."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from broker.clock import EPOCH, Clock
from broker.storage.condition import check_condition, decode_cursor, encode_cursor
from broker.storage.desk import (
    HOUR_COUNTED_MAX,
    HOURS,
    Condition,
    DeadPage,
    Group,
    Outline,
    Sieve,
    Sifted,
    outline_of,
)
from broker.storage.memory.letters import letter_bytes
from broker.storage.memory.state import State
from broker.storage.rows import Audit, DeadLetter, DeadState
from broker.storage.sheet import Sheet, sheet_of

AUDIT_BY = "retention"
HOUR = timedelta(hours=1)


class MemoryDesk:
    """Looks through all letters for each question: they are few, or belong on disk."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._letters = state.letters
        self._clock = clock

    async def page(self, condition: Condition, cursor: str | None, limit: int) -> DeadPage:
        check_condition(condition)
        place = decode_cursor(cursor) if cursor is not None else None
        found = self._letters.newest(condition)
        if place is not None:
            found = [
                letter
                for letter in found
                if decode_cursor(encode_cursor(letter.dead_at, letter.id)) < place
            ]
        items = tuple(found[:limit])
        is_more = len(found) > len(items) and bool(items)
        following = encode_cursor(items[-1].dead_at, items[-1].id) if is_more else None
        return DeadPage(items, following)

    async def sift(
        self, condition: Condition, sieve: Sieve, cursor: str | None, rows: int, limit: int
    ) -> Sifted:
        page = await self.page(condition, cursor, rows)
        kept: list[DeadLetter] = []
        for looked, letter in enumerate(page.items, 1):
            if sieve.may_keep(letter.event.data) and sieve.keeps(letter):
                kept.append(letter)
                if len(kept) == limit and letter is not page.items[-1]:
                    return Sifted(tuple(kept), looked, encode_cursor(letter.dead_at, letter.id))
        return Sifted(tuple(kept), len(page.items), page.next)

    async def outlines(
        self, condition: Condition, cursor: str | None, limit: int
    ) -> tuple[Sequence[Outline], str | None]:
        page = await self.page(condition, cursor, limit)
        return [outline_of(letter) for letter in page.items], page.next

    async def sheet(
        self, condition: Condition, cursor: str | None, limit: int, since: Sequence[datetime]
    ) -> Sheet:
        outlines, following = await self.outlines(condition, cursor, limit)
        return sheet_of(outlines, since, following)

    async def get(self, id: str) -> DeadLetter | None:
        return self._letters.by_id.get(id)

    async def states(self, ids: Sequence[str]) -> Mapping[str, DeadState]:
        by_id = self._letters.by_id
        return {one: by_id[one].state for one in ids if one in by_id}

    async def count(self, condition: Condition, limit: int) -> int:
        check_condition(condition)
        return min(limit, len(self._letters.newest(condition)))

    async def groups(self, trigger: str | None, limit: int) -> Sequence[Group]:
        return self._letters.groups(trigger)[:limit]

    async def groups_named(self, ids: Sequence[str]) -> Sequence[Group]:
        return self._letters.groups_named(ids)

    async def hourly(self, groups: Sequence[str], until: datetime) -> Mapping[str, Sequence[int]]:
        found: dict[str, list[int]] = {group: [0] * HOURS for group in groups}
        for letter in self._letters.by_id.values():
            hour = HOURS - 1 - (_hour_of(until) - _hour_of(letter.dead_at))
            if letter.group in found and 0 <= hour < HOURS:
                counts = found[letter.group]
                counts[hour] = min(HOUR_COUNTED_MAX, counts[hour] + 1)
        return found

    async def totals(self) -> Mapping[str, int]:
        totals: dict[str, int] = {}
        for group in self._letters.groups(None):
            totals[group.trigger] = totals.get(group.trigger, 0) + group.count
        return totals

    async def dead_before(self, before: datetime, limit: int = 100_000) -> int:
        found = (
            letter
            for letter in self._letters.by_id.values()
            if letter.state is DeadState.DEAD and letter.dead_at < before
        )
        return min(limit, sum(1 for _ in found))

    async def expire(self, before: datetime, limit: int = 1000) -> int:
        gone = [
            letter
            for letter in self._letters.oldest()
            if letter.dead_at < before and letter.state is not DeadState.REDRIVING
        ]
        return self._forget(gone[:limit], "expire", f"dead before {before.isoformat()}")

    async def purge(self, bytes_kept: int, limit: int = 1000) -> int:
        now = self._clock.now()
        excess_bytes = self._letters.size_bytes - bytes_kept
        gone: list[DeadLetter] = []
        discarded = [x for x in self._letters.oldest() if x.state is DeadState.DISCARDED]
        for letter in discarded:
            if letter.purge_at is not None and letter.purge_at <= now:
                gone.append(letter)
                excess_bytes -= letter_bytes(letter)
        for letter in discarded:
            if excess_bytes > 0 and letter not in gone:
                gone.append(letter)
                excess_bytes -= letter_bytes(letter)
        return self._forget(gone[:limit], "purge", "discarded dead letters")

    def _forget(self, letters: Sequence[DeadLetter], verb: str, detail: str) -> int:
        for letter in letters:
            self._letters.forget(letter)
        if letters:
            act = Audit(self._clock.now(), AUDIT_BY, verb, detail, len(letters))
            self._state.audit.append(act)
        return len(letters)


def _hour_of(moment: datetime) -> int:
    """Since 1970."""
    return (moment - EPOCH) // HOUR
