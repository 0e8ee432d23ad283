"""Where the deliveries of one event are: memory and store looked at as of one moment."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from broker.event import StoredEvent
from broker.storage.desk import Term
from broker.storage.rows import (
    Audit,
    Cursor,
    DeadLetter,
    Mark,
    ParkedRow,
    Place,
    Retried,
    WaitingRow,
)
from triggers.carriage import REDRIVE
from triggers.failures import COMPANION, DEAD_LETTER_STEP
from triggers.partition import Partition
from triggers.redrive.detour import detoured_trigger
from triggers.story.discards import discard_of
from triggers.story.facts import InLane, PairFacts, Verdict
from triggers.story.whereabouts import within

PAIRS_MAX = 100
ROWS_MAX = 4 * PAIRS_MAX
ACTS_MAX = 1000  # an older seek is not told of: the event is then said to be delivered
LOOKS_MAX = 3
FLUSH_SECONDS = 0.5
BACK = f"{REDRIVE}deliver"  # the step of a dead letter on its way back to its trigger


@dataclass(frozen=True, slots=True)
class Rows:
    """All that the store has of one event, and each trigger's mark beyond it."""

    parked: dict[Place, ParkedRow]
    waiting: dict[str, WaitingRow]
    letters: dict[Place, DeadLetter]
    retried: dict[Place, Retried]
    marks: dict[str, Mark | None]
    acts: list[Audit]  # newest first


class Pairs:
    """Gathers the facts of those triggers that matched."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition

    async def gather(
        self, stored: StoredEvent, verdicts: Sequence[Verdict]
    ) -> tuple[tuple[PairFacts, ...], tuple[ParkedRow, ...]]:
        """The pairs in the order of `verdicts`, and parked rows that are of none of them.

        Memory is looked at before and after the store, and both again where a delivery
        moved meanwhile, so that none is found in neither.
        """
        for _ in range(LOOKS_MAX):
            await self._write_down(stored, verdicts)
            before = [self._within(stored, verdict.trigger) for verdict in verdicts]
            rows = await self._read(stored, verdicts)
            after = [self._within(stored, verdict.trigger) for verdict in verdicts]
            if after == before:
                break
        pairs = tuple(
            self._pair(stored, verdict, inside, rows)
            for verdict, inside in zip(verdicts, after, strict=True)
        )
        told = {id(row) for pair in pairs for row in (pair.parked, pair.forwarding)}
        return pairs, tuple(row for row in rows.parked.values() if id(row) not in told)

    async def _write_down(self, stored: StoredEvent, verdicts: Sequence[Verdict]) -> None:
        """What has just been settled is in no row yet: wait until it is, but not for long."""
        durable, lanes = self._partition.durable, self._partition.lanes
        found = [lane for verdict in verdicts if (lane := lanes.get(verdict.trigger))]
        if all(durable.has_passed(lane.name, stored.offset) and not lane.taken for lane in found):
            return
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._partition.drain()
        except TimeoutError:  # a store that is stuck must not hide what is known
            return

    def _within(self, stored: StoredEvent, trigger: str) -> InLane:
        lane = self._partition.lanes.get(trigger)
        if lane is not None:
            return within(lane, stored)
        cursor = self._left(trigger)
        if cursor is None or stored.offset <= cursor.offset:
            return InLane.PASSED
        is_settled = any(first <= stored.offset <= last for first, last in cursor.settled)
        return InLane.PASSED if is_settled else InLane.AHEAD

    def _left(self, trigger: str) -> Cursor | None:
        """Where a trigger without a lane stands; None where it had nothing open."""
        loaded = self._partition.loaded
        return loaded.cursors.get(trigger) if loaded is not None else None

    async def _read(self, stored: StoredEvent, verdicts: Sequence[Verdict]) -> Rows:
        log, offset = self._partition.engine.log, stored.offset
        parked, waiting = await log.rows_at(offset, ROWS_MAX)
        marks = await asyncio.gather(*(log.mark_beyond(one.trigger, offset) for one in verdicts))
        return Rows(
            {row.place: row for row in parked},
            {row.trigger: row for row in waiting},
            await self._letters(stored),
            {row.place: row for row in await log.retried(offset)},
            {verdict.trigger: mark for verdict, mark in zip(verdicts, marks, strict=True)},
            [act for _, act in await self._partition.engine.records.audit(ACTS_MAX)],
        )

    async def _letters(self, stored: StoredEvent) -> dict[Place, DeadLetter]:
        condition = (Term("event_id", "=", stored.event.id), Term("offset", "=", stored.offset))
        page = await self._partition.engine.desk.page(condition, None, ROWS_MAX)
        return {letter.place: letter for letter in reversed(page.items)}

    def _pair(self, stored: StoredEvent, verdict: Verdict, inside: InLane, rows: Rows) -> PairFacts:
        name = verdict.trigger
        place = Place(name, stored.offset)
        lane = self._partition.lanes.get(name)
        cursor = lane.cursor() if lane is not None else self._left(name)
        ahead = stored.offset - cursor.offset - 1 if cursor and inside is InLane.AHEAD else 0
        return PairFacts(
            verdict,
            inside,
            ahead_events=ahead,
            is_paused=lane is not None and lane.is_paused,
            is_configured=lane is not None and not lane.is_removing,
            parked=_back(rows, name, stored.offset) or rows.parked.get(place),
            forwarding=rows.parked.get(Place(name + COMPANION, stored.offset, DEAD_LETTER_STEP)),
            waiting=rows.waiting.get(name),
            letter=rows.letters.get(place),
            retried=rows.retried.get(place),
            mark=rows.marks.get(name),
            discard=discard_of(name, stored.offset, rows.acts, rows.marks.get(name)),
        )


def _back(rows: Rows, trigger: str, offset: int) -> ParkedRow | None:
    """The row of a dead letter on its way: to its trigger, or by a detour to another sink."""
    if (row := rows.parked.get(Place(trigger, offset, BACK))) is not None:
        return row
    return next(
        (
            row
            for place, row in rows.parked.items()
            if place.step == BACK and detoured_trigger(place.trigger) == trigger
        ),
        None,
    )
