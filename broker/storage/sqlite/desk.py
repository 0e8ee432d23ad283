"""The dead-letter desk of one SQLite partition."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import apsw
import orjson

from broker.clock import Clock, to_milliseconds
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
)
from broker.storage.rows import DeadLetter, DeadState
from broker.storage.sheet import Sheet
from broker.storage.sqlite.asking import (
    After,
    count_statement,
    outlines_statement,
    page_statement,
    sheet_statement,
    sift_statement,
)
from broker.storage.sqlite.choosing import Way, choose_way
from broker.storage.sqlite.desk_rows import (
    group_of,
    hour_of,
    letter_of,
    made_of,
    outline_of,
    sheet_from,
    state_of,
)
from broker.storage.sqlite.partition import Partition
from broker.storage.sqlite.sifting import PAGE_BYTES_MAX, sift
from broker.storage.sqlite.sql import Statements
from broker.storage.sqlite.terms import Values

HOUR_MILLISECONDS = 3_600_000
Row = TypeVar("Row")
Making = Callable[[Way], tuple[str, Values]]


class SqliteDesk:
    """Looks through readers; expiry and purging go through the writer."""

    def __init__(self, partition: Partition, sql: Statements, clock: Clock) -> None:
        self._partition = partition
        self._sql = sql
        self._clock = clock

    async def page(self, condition: Condition, cursor: str | None, limit: int) -> DeadPage:
        check_condition(condition)
        place = decode_cursor(cursor) if cursor is not None else None
        packed, is_more = await self._partition.look_gently(
            lambda connection: self._page(connection, condition, place, limit)
        )
        items = tuple(await made_of(packed, letter_of))
        return DeadPage(items, _cursor_after(items, is_more))

    def _page(
        self, connection: apsw.Connection, condition: Condition, place: After, limit: int
    ) -> tuple[str, bool]:
        found = orjson.loads(
            _ask_of(connection, condition, partial(page_statement, condition, place, limit + 1))
        )
        ids: list[str] = []
        size_bytes = 0
        for letter_id, letter_bytes in found[:limit]:
            size_bytes += letter_bytes
            if ids and size_bytes > PAGE_BYTES_MAX:
                break
            ids.append(letter_id)
        return self._letters(connection, ids), len(found) > len(ids)

    def _letters(self, connection: apsw.Connection, ids: Sequence[str]) -> str:
        """Packed; `letter_of` makes them."""
        wanted = orjson.dumps(ids).decode()
        return str(connection.execute(self._sql["dead_letter_rows"], (wanted,)).get)

    async def sift(
        self, condition: Condition, sieve: Sieve, cursor: str | None, rows: int, limit: int
    ) -> Sifted:
        check_condition(condition)
        place = decode_cursor(cursor) if cursor is not None else None
        made = partial(sift_statement, condition, sieve.texts, place, rows + 1)
        found = orjson.loads(await self._ask_of(condition, made))
        return await sift(found, self._read, sieve.keeps, (rows, limit))

    async def _read(self, ids: Sequence[str]) -> Sequence[DeadLetter]:
        packed = await self._partition.look_gently(lambda c: self._letters(c, ids))
        return await made_of(packed, letter_of)

    async def outlines(
        self, condition: Condition, cursor: str | None, limit: int
    ) -> tuple[Sequence[Outline], str | None]:
        check_condition(condition)
        place = decode_cursor(cursor) if cursor is not None else None
        made = partial(outlines_statement, condition, place, limit + 1)
        found = await made_of(await self._ask_of(condition, made), outline_of)
        items = found[:limit]
        return items, _cursor_after(items, len(found) > limit)

    async def sheet(
        self, condition: Condition, cursor: str | None, limit: int, since: Sequence[datetime]
    ) -> Sheet:
        check_condition(condition)
        place = decode_cursor(cursor) if cursor is not None else None
        made = partial(sheet_statement, condition, place, limit, since)
        columns = await self._ask_of(condition, made)
        return await asyncio.to_thread(sheet_from, limit, *columns)

    async def get(self, id: str) -> DeadLetter | None:
        letters = await self._read([id])
        return letters[0] if letters else None

    async def states(self, ids: Sequence[str]) -> Mapping[str, DeadState]:
        wanted = orjson.dumps(list(ids)).decode()
        return dict(await self._rows(self._sql["dead_letter_states"], (wanted,), state_of))

    async def count(self, condition: Condition, limit: int) -> int:
        check_condition(condition)
        return int(await self._ask_of(condition, partial(count_statement, condition, limit)))

    async def groups(self, trigger: str | None, limit: int) -> Sequence[Group]:
        if trigger is None:
            return await self._rows(self._sql["groups_list"], (limit,), group_of)
        return await self._rows(self._sql["groups_of_trigger"], (trigger, limit), group_of)

    async def groups_named(self, ids: Sequence[str]) -> Sequence[Group]:
        wanted = orjson.dumps(list(ids)).decode()
        return await self._rows(self._sql["groups_named"], (wanted,), group_of)

    async def hourly(self, groups: Sequence[str], until: datetime) -> Mapping[str, Sequence[int]]:
        last = to_milliseconds(until) // HOUR_MILLISECONDS
        values = (orjson.dumps(list(groups)).decode(), last - HOURS, last)
        found: dict[str, list[int]] = {group: [0] * HOURS for group in groups}
        for group, hour, count in await self._rows(self._sql["groups_hourly"], values, hour_of):
            found[group][hour - last - 1] = min(count, HOUR_COUNTED_MAX)
        return found

    async def _rows(self, text: str, values: Values, make: Callable[..., Row]) -> list[Row]:
        """What `make` makes of each row of a packed answer."""
        return await made_of(await self._ask(text, values), make)

    async def _ask(self, text: str, values: Values) -> Any:
        return await self._partition.look_gently(lambda c: c.execute(text, values).get)

    async def _ask_of(self, condition: Condition, make: Making) -> Any:
        return await self._partition.look_gently(lambda c: _ask_of(c, condition, make))

    async def totals(self) -> Mapping[str, int]:
        rows = await self._partition.look_gently(
            lambda c: c.execute(self._sql["dead_totals"]).fetchall()
        )
        return {str(trigger): int(str(count)) for trigger, count in rows}

    async def dead_before(self, before: datetime, limit: int = 100_000) -> int:
        values = (to_milliseconds(before), limit)
        return int(await self._ask(self._sql["dead_letters_before"], values))

    async def expire(self, before: datetime, limit: int = 1000) -> int:
        now = self._clock.now()
        upkeep = self._partition.upkeep
        return await self._partition.work(
            lambda connection: upkeep.expire(connection, before, limit, now)
        )

    async def purge(self, bytes_kept: int, limit: int = 1000) -> int:
        now = self._clock.now()
        upkeep = self._partition.upkeep
        return await self._partition.work(
            lambda connection: upkeep.purge(connection, now, bytes_kept, limit)
        )


def _ask_of(connection: apsw.Connection, condition: Condition, make: Making) -> Any:
    """The answer to what `make` makes, by the way that suits the condition."""
    way = choose_way(condition, lambda text, values: int(connection.execute(text, values).get))
    return connection.execute(*make(way)).get


def _cursor_after(items: Sequence[DeadLetter | Outline], is_more: bool) -> str | None:
    return encode_cursor(items[-1].dead_at, items[-1].id) if is_more and items else None
