"""The dead-letter desk of one SQLite partition."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import apsw
import orjson

from broker.clock import Clock, from_milliseconds, to_milliseconds
from broker.codec import decode_stored
from broker.storage.condition import check_condition, decode_cursor, encode_cursor
from broker.storage.desk import (
    HOUR_COUNTED_MAX,
    HOURS,
    Condition,
    DeadPage,
    Group,
    Outline,
    Tally,
)
from broker.storage.rows import DeadLetter, DeadState, Place
from broker.storage.sqlite.asking import outlines_statement, page_statement, tally_statement
from broker.storage.sqlite.evidence import unpack_attempts
from broker.storage.sqlite.partition import Partition
from broker.storage.sqlite.sql import Statements

PAGE_BYTES_MAX = 64 << 20
HOUR_MILLISECONDS = 3_600_000
Row = TypeVar("Row")


class SqliteDesk:
    """Looks through readers; expiry and purging go through the writer."""

    def __init__(self, partition: Partition, sql: Statements, clock: Clock) -> None:
        self._partition = partition
        self._sql = sql
        self._clock = clock

    async def page(self, condition: Condition, cursor: str | None, limit: int) -> DeadPage:
        check_condition(condition)
        place = decode_cursor(cursor) if cursor is not None else None
        text, values = page_statement(condition, place, limit + 1)
        return await self._partition.look_gently(
            lambda connection: self._page(connection, text, values, limit)
        )

    def _page(
        self, connection: apsw.Connection, text: str, values: Sequence[str | int], limit: int
    ) -> DeadPage:
        found = orjson.loads(connection.execute(text, values).get)
        ids: list[str] = []
        size_bytes = 0
        for letter_id, letter_bytes in found[:limit]:
            size_bytes += letter_bytes
            if ids and size_bytes > PAGE_BYTES_MAX:
                break
            ids.append(letter_id)
        items = self._letters(connection, ids)
        return DeadPage(items, _cursor_after(items, len(found) > len(ids)))

    def _letters(self, connection: apsw.Connection, ids: Sequence[str]) -> tuple[DeadLetter, ...]:
        if not ids:
            return ()
        wanted = orjson.dumps(ids).decode()
        rows = orjson.loads(connection.execute(self._sql["dead_letter_rows"], (wanted,)).get)
        return tuple(_letter(*row) for row in rows)

    async def outlines(
        self, condition: Condition, cursor: str | None, limit: int
    ) -> tuple[Sequence[Outline], str | None]:
        check_condition(condition)
        place = decode_cursor(cursor) if cursor is not None else None
        text, values = outlines_statement(condition, place, limit + 1)
        found = await self._rows(text, values, _outline)
        items = found[:limit]
        return items, _cursor_after(items, len(found) > limit)

    async def get(self, id: str) -> DeadLetter | None:
        letters = await self._partition.look_gently(lambda c: self._letters(c, [id]))
        return letters[0] if letters else None

    async def states(self, ids: Sequence[str]) -> Mapping[str, DeadState]:
        wanted = orjson.dumps(list(ids)).decode()
        return dict(await self._rows(self._sql["dead_letter_states"], (wanted,), _state))

    async def tally(self, condition: Condition, limit: int) -> Tally:
        check_condition(condition)
        found = await self._rows(*tally_statement(condition, limit + 1), _tallied)
        count = sum(number for _, number in found)
        return Tally(min(count, limit), dict(found), count <= limit)

    async def groups(self, trigger: str | None, limit: int) -> Sequence[Group]:
        if trigger is None:
            return await self._rows(self._sql["groups_list"], (limit,), _group)
        return await self._rows(self._sql["groups_of_trigger"], (trigger, limit), _group)

    async def groups_named(self, ids: Sequence[str]) -> Sequence[Group]:
        wanted = orjson.dumps(list(ids)).decode()
        return await self._rows(self._sql["groups_named"], (wanted,), _group)

    async def hourly(self, groups: Sequence[str], until: datetime) -> Mapping[str, Sequence[int]]:
        last = to_milliseconds(until) // HOUR_MILLISECONDS
        values = (orjson.dumps(list(groups)).decode(), last - HOURS, last)
        found: dict[str, list[int]] = {group: [0] * HOURS for group in groups}
        for group, hour, count in await self._rows(self._sql["groups_hourly"], values, _hour):
            found[group][hour - last - 1] = min(count, HOUR_COUNTED_MAX)
        return found

    async def _rows(
        self, text: str, values: Sequence[str | int], make: Callable[..., Row]
    ) -> list[Row]:
        """What `make` makes of each row of a packed answer, in the thread that reads them."""
        return await self._partition.look_gently(
            lambda connection: [
                make(*row) for row in orjson.loads(connection.execute(text, values).get)
            ]
        )

    async def totals(self) -> Mapping[str, int]:
        rows = await self._partition.look_gently(
            lambda connection: connection.execute(self._sql["dead_totals"]).fetchall()
        )
        return {str(trigger): int(str(count)) for trigger, count in rows}

    async def dead_before(self, before: datetime, limit: int = 100_000) -> int:
        values = (to_milliseconds(before), limit)
        found = await self._partition.look_gently(
            lambda connection: connection.execute(self._sql["dead_letters_before"], values).get
        )
        return int(found)

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


def _cursor_after(items: Sequence[DeadLetter | Outline], is_more: bool) -> str | None:
    return encode_cursor(items[-1].dead_at, items[-1].id) if is_more and items else None


def _state(id: str, state: str) -> tuple[str, DeadState]:
    return id, DeadState(state)


def _tallied(trigger: str, reason: str, group: str, count: int) -> tuple[tuple[str, str, str], int]:
    return (trigger, reason, group), count


def _hour(group: str, hour: int, count: int) -> tuple[str, int, int]:
    return group, hour, count


def _letter(
    id: str, trigger: str, offset: int, step: str, delivery_id: str, broker: str, sink: str,
    revision: int, head: str, data: str | None, stored_ms: int, reason: str, outcome_class: str,
    status: int | None, message: str, first_ms: int, dead_ms: int, attempt_count: int,
    evidence: str, group: str, pattern: str, state: str, forwarded: str | None, redrives: int,
    purge_ms: int | None, moved_by: str, moved_reason: str,
) -> DeadLetter:  # fmt: skip
    body = None if data is None else bytes.fromhex(data)
    return DeadLetter(
        id=id,
        place=Place(trigger, offset, step),
        delivery_id=delivery_id,
        broker=broker,
        sink=sink,
        revision=revision,
        event=decode_stored(bytes.fromhex(head), body),
        stored_at=from_milliseconds(stored_ms),
        reason=reason,
        outcome_class=outcome_class,
        status=status,
        message=message,
        first_at=from_milliseconds(first_ms),
        dead_at=from_milliseconds(dead_ms),
        attempt_count=attempt_count,
        attempts=unpack_attempts(evidence),
        group=group,
        pattern=pattern,
        state=DeadState(state),
        forwarded=forwarded,
        redrives=redrives,
        purge_at=None if purge_ms is None else from_milliseconds(purge_ms),
        moved_by=moved_by,
        moved_reason=moved_reason,
    )


def _outline(
    id: str, trigger: str, offset: int, reason: str, group: str, size_bytes: int, dead_ms: int,
    redrives: int,
) -> Outline:  # fmt: skip
    dead_at = from_milliseconds(dead_ms)
    return Outline(id, trigger, offset, reason, group, size_bytes, dead_at, redrives)


def _group(
    id: str, trigger: str, sink: str, outcome_class: str, status: int | None, reason: str,
    pattern: str, count: int, total: int, first_ms: int, last_ms: int, example: str,
) -> Group:  # fmt: skip
    return Group(
        id, trigger, sink, outcome_class, status, reason, pattern, count, total,
        from_milliseconds(first_ms), from_milliseconds(last_ms), example,
    )  # fmt: skip
