"""End: what a removed trigger still has goes to the desk or is discarded, in bounded slices."""

from broker.delivery import Failed, OutcomeClass, Reason
from broker.errors import Invalid
from broker.event import StoredEvent
from broker.storage.rows import DeadState, Move
from triggers.carriage import Carriage, fresh, resumed
from triggers.edits import letter_of
from triggers.lane import ENDING, Lane
from triggers.mending import FAR_AWAY
from triggers.redrive.acts import DISCARD_KEPT
from triggers.revisions import is_removed
from triggers.steering.acts import Ended, How
from triggers.steering.holding import Holding, rewind
from triggers.steering.parts import PAGE_BYTES_MAX, PAGE_EVENTS, Parts
from triggers.turns import Turns

ROWS = 256
OPERATOR = Failed(
    OutcomeClass.CONFIG,
    "the trigger was removed, and an operator ended what it had left",
    reason=Reason.OPERATOR,
)


class Ending:
    """Each slice is one checkpoint, with its own row in the audit.

    A lane that is being ended delivers nothing more: should this stop half-way, a second
    call goes on, and a restart lets the trigger finish what is left by itself.
    """

    def __init__(self, parts: Parts, holding: Holding) -> None:
        self._parts = parts
        self._holding = holding

    async def end(self, trigger: str, how: How, by: str, reason: str) -> Ended:
        parts = self._parts
        lane = parts.lane(trigger)
        if lane is None and is_removed(parts.revisions.last(trigger)):
            return Ended(0, how)
        lane = lane or parts.known_lane(trigger)
        if not lane.is_removing:
            raise Invalid(
                f"trigger {trigger} is configured",
                code="trigger-configured",
                remedy="take it out of the configuration and reload; then remove what it has left",
            )
        await self._stop(lane)
        count = 0
        while slice_ := await self._end_slice(lane, how):
            parts.audit(by, "remove", f"{trigger}: {how}", slice_, reason)
            count += slice_
            await parts.flush()
        # It may come back while copies of its dead letters are still carried.
        lane.turns = Turns(lane.budget.use) if lane.spec.order_by else None
        self._holding.release(lane, ENDING)
        parts.telemetry.emit("trigger.ended", trigger=trigger, how=how, count=count)
        await parts.flush()
        return Ended(count, how)

    async def _stop(self, lane: Lane) -> None:
        """Everything it has is in the log or a row when this gives back."""
        self._holding.hold(lane, ENDING)
        try:
            await self._holding.quiet(lane)
        except BaseException:
            self._holding.release(lane, ENDING)
            raise
        await self._parts.flush()
        cursor = lane.cursor()
        rewind(lane, cursor.offset, cursor.settled)
        if lane.turns is not None:
            lane.turns.forget_events()
        # Nothing takes turns any more, and nothing is taken up: rows go as they lie.
        lane.turns = None
        lane.retries.clear()
        lane.redriven.clear()
        lane.released.clear()
        lane.held.clear()
        lane.taken.clear()

    async def _end_slice(self, lane: Lane, how: How) -> int:
        """Put the end of some deliveries into the ledger; 0: there are none left."""
        parts = self._parts
        rows, _ = await parts.log.due(lane.name, FAR_AWAY, ROWS, frozenset(lane.taken))
        for row in rows:
            lane.taken.add(row.place)
            self._end_one(lane, resumed(row), how)
        if rows:
            return len(rows)
        if named := sorted(parts.durable.named(lane.name))[:ROWS]:
            for offset in named:
                (stored,) = await parts.log.read(offset - 1, 1, 1)
                waiting = fresh(lane.id_prefix, lane.name, stored)
                waiting.waiting = True
                self._end_one(lane, waiting, how)
            return len(named)
        return await self._end_backlog(lane, how)

    async def _end_backlog(self, lane: Lane, how: How) -> int:
        """One page of the log in which something matches."""
        last = lane.revisions[-1][1] - 1
        ended = 0
        while not ended and lane.position < last:
            page = await self._parts.log.read(lane.position, PAGE_EVENTS, PAGE_BYTES_MAX)
            for stored in page:
                if stored.offset <= last:
                    ended += self._end_stored(lane, stored, how)
                    lane.position = stored.offset
            if not page or page[-1].offset > last:
                lane.position = last
            lane.ledger.touch(lane)
        if not ended:
            # Nothing after its removal matches, and a paused lane would never be shown that.
            lane.position = max(lane.position, self._parts.router.routed)
        return ended

    def _end_stored(self, lane: Lane, stored: StoredEvent, how: How) -> bool:
        filter_ = None if lane.is_skipped(stored.offset) else lane.filter_at(stored.offset)
        if filter_ is None or not filter_.matches(stored.event):
            return False
        self._end_one(lane, fresh(lane.id_prefix, lane.name, stored), how)
        return True

    def _end_one(self, lane: Lane, carriage: Carriage, how: How) -> None:
        failures, row = self._parts.failures, carriage.row
        is_fresh = row is None and not carriage.waiting
        # Of the attempt that is not made there is nothing to tell.
        carriage.attempt = row.attempts[-1].number if row is not None and row.attempts else 0
        failures.drop_row(lane, carriage)
        if how == "dead-letter":
            lane.leave(carriage, delivered=False)
            attempts = row.attempts if row is not None else ()
            failures.bury(lane, carriage, OPERATOR, Reason.OPERATOR, attempts)
            return
        lane.ledger.touch(lane)
        if row is not None and row.redrives:
            self._discard_letter(letter_of(row))
        else:
            lane.count_discarded(matched=int(is_fresh), rows=int(not is_fresh))

    def _discard_letter(self, letter: str) -> None:
        """It was on its way back from the desk: there it is discarded, and may be restored."""
        now = self._parts.clock.now()
        move = Move(
            letter, (DeadState.REDRIVING,), DeadState.DISCARDED, now, "headrace",
            "its trigger was removed", purge_at=now + DISCARD_KEPT,
        )  # fmt: skip
        self._parts.ledger.moves.append(move)
