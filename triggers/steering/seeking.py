"""Seek: another offset is the next one delivered, as a new revision with the present filter.

Calls in flight end first. Parked deliveries, and those that wait behind them in order, stay
what they are: they are not delivered twice, wherever the trigger goes. What is skipped
counts as discarded; what lies before is delivered again, and matches again.
"""

from broker.errors import Invalid
from broker.storage.rows import Cursor, Place, Revision
from triggers.lane import Lane
from triggers.mending import FAR_AWAY
from triggers.ranges import Range, is_within, joined
from triggers.steering.acts import Sought
from triggers.steering.applying import put_revision
from triggers.steering.holding import MOVING, REVISION, Holding, rewind
from triggers.steering.parts import PAGE_BYTES_MAX, PAGE_EVENTS, Parts

PARKED_MAX = 10_000  # they are kept apart one by one until the trigger has passed them
ROWS = 256
DELIVER = "deliver"


class Seeking:
    def __init__(self, parts: Parts, holding: Holding) -> None:
        self._parts = parts
        self._holding = holding

    async def seek(self, lane: Lane, to: int, by: str, reason: str) -> Sought:
        """Move `lane`; the caller waits for the disk. Raises Invalid, Unavailable."""
        if lane.is_removing:
            raise Invalid(
                f"trigger {lane.name} is being removed",
                code="trigger-removing",
                remedy="configure it again first, or end it by `headrace triggers remove`",
            )
        with self._holding.held(lane, MOVING):
            await self._holding.quiet(lane)
            await self._parts.flush()  # its rows are read from the disk
            return await self._move(lane, to, by, reason)

    async def _move(self, lane: Lane, asked: int, by: str, reason: str) -> Sought:
        parts = self._parts
        to = min(max(asked, await parts.oldest()), parts.router.routed + 1)
        cursor = lane.cursor()
        is_clamped = to != asked
        if cursor.offset + 1 == to and not cursor.settled:
            return Sought(to, 0, is_clamped, is_changed=False, revision=lane.revision)
        parts.durable.reserve(lane.name, to - 1)
        try:
            skipped = await self._count_skipped(lane, cursor, to)
            # Also beyond where it stands: it may have been farther before an earlier seek.
            rows = await self._rows_from(lane, to) if to <= parts.router.routed else ()
        except BaseException:
            parts.durable.let_go(lane.name)
            raise
        last = parts.revisions.last(lane.name)
        assert last is not None, "a lane has a revision"
        # Within this turn of the loop, so that one checkpoint holds all of it.
        number = last.number + 1
        parts.revise(Revision(lane.name, number, to, last.spec, parts.clock.now()))
        put_revision(lane, number, to, lane.revisions[-1][2])
        rewind(lane, to - 1, rows)
        lane.asked_at = parts.clock.now()
        for key, following in lane.turns.forget_events() if lane.turns is not None else ():
            parts.failures.give_turn(lane, key, following)
        lane.count_discarded(matched=skipped)
        self._holding.hold(lane, REVISION)
        detail = f"{lane.name}: from offset {cursor.offset + 1} to {to}"
        parts.audit(by, "seek", detail, skipped, reason)
        parts.telemetry.emit("trigger.sought", trigger=lane.name, position=to, skipped=skipped)
        return Sought(to, skipped, is_clamped, is_changed=True, revision=number)

    async def _count_skipped(self, lane: Lane, cursor: Cursor, to: int) -> int:
        """Events before `to` that match and are neither settled nor rows."""
        skipped, after = 0, cursor.offset
        while after < to - 1:
            page = await self._parts.log.read(after, PAGE_EVENTS, PAGE_BYTES_MAX)
            if not page:
                break
            for stored in page:
                if stored.offset < to and not is_within(cursor.settled, stored.offset):
                    filter_ = lane.filter_at(stored.offset)
                    skipped += filter_ is not None and filter_.matches(stored.event)
            after = page[-1].offset
        return skipped

    async def _rows_from(self, lane: Lane, to: int) -> tuple[Range, ...]:
        """The offsets from `to` on that have a row. Raises Invalid where they are too many."""
        waiting = self._parts.durable.named(lane.name)
        if lane.parked_count + len(waiting) > PARKED_MAX:
            raise Invalid(
                f"trigger {lane.name} has {lane.parked_count:,} parked deliveries",
                code="too-many-parked",
                remedy=f"seek back when there are at most {PARKED_MAX:,}",
            )
        seen: set[Place] = set()
        while rows := (await self._parts.log.due(lane.name, FAR_AWAY, ROWS, frozenset(seen)))[0]:
            seen.update(row.place for row in rows)
        # One on its way back from the desk has a step of its own, and is no pair of its own.
        parked = (place.offset for place in seen if place.step == DELIVER)
        return joined(offset for offset in (*parked, *waiting) if offset >= to)
