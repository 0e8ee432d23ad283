"""Rows of the desk's packed answers as values.

They are made where no thread that gives way holds the interpreter: what it would wait for,
everybody else would wait for as well.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import orjson

from broker.clock import from_milliseconds
from broker.codec import decode_stored
from broker.storage.condition import encode_cursor
from broker.storage.desk import Group, Outline
from broker.storage.rows import DeadLetter, DeadState, Place
from broker.storage.sheet import Placed, Share, Sheet
from broker.storage.sqlite.evidence import unpack_attempts

SHORT_CHARACTERS = 8_192  # of an answer: to hand it to another thread would take longer
Row = TypeVar("Row")


async def made_of(packed: str, make: Callable[..., Row]) -> list[Row]:
    """What `make` makes of each row of `packed`."""
    if len(packed) <= SHORT_CHARACTERS:
        return _made(packed, make)
    return await asyncio.to_thread(_made, packed, make)


def _made(packed: str, make: Callable[..., Row]) -> list[Row]:
    return [make(*row) for row in orjson.loads(packed)]


def state_of(id: str, state: str) -> tuple[str, DeadState]:
    return id, DeadState(state)


def hour_of(group: str, hour: int, count: int) -> tuple[str, int, int]:
    return group, hour, count


def letter_of(
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


def outline_of(
    id: str, trigger: str, offset: int, reason: str, group: str, size_bytes: int, dead_ms: int,
    redrives: int,
) -> Outline:  # fmt: skip
    dead_at = from_milliseconds(dead_ms)
    return Outline(id, trigger, offset, reason, group, size_bytes, dead_at, redrives)


def group_of(
    id: str, trigger: str, sink: str, outcome_class: str, status: int | None, reason: str,
    pattern: str, count: int, total: int, first_ms: int, last_ms: int, example: str,
) -> Group:  # fmt: skip
    return Group(
        id, trigger, sink, outcome_class, status, reason, pattern, count, total,
        from_milliseconds(first_ms), from_milliseconds(last_ms), example,
    )  # fmt: skip


def sheet_from(limit: int, placed: str, shares: str, last: str | None) -> Sheet:
    """From the columns of a sheet's answer; the last of them is where it ended."""
    by_trigger: dict[str, list[Placed]] = {}
    rows = orjson.loads(placed)
    for trigger, offset, letter in rows:
        by_trigger.setdefault(trigger, []).append((offset, letter))
    following: str | None = None
    if len(rows) == limit and last is not None:
        dead_ms, letter = orjson.loads(last)
        following = encode_cursor(from_milliseconds(dead_ms), letter)
    return Sheet(by_trigger, [Share(*share) for share in orjson.loads(shares)], following)
