"""The verbs by which an operator turns the triggers of one partition while they run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal

from broker.errors import Unavailable
from broker.storage.rows import Checkpoint, TriggerState
from triggers.enrolment import Wired
from triggers.lane import Lane
from triggers.standing import ANSWER
from triggers.steering.acts import Applied, Ended, How, Sought
from triggers.steering.applying import Applying
from triggers.steering.ending import Ending
from triggers.steering.holding import REVISION, Holding, rewind
from triggers.steering.parts import Parts
from triggers.steering.pausing import put_state
from triggers.steering.seeking import Seeking
from triggers.turns import Turns

ORDERING = "ordering"  # a hold: until no call of the old order is in flight

Begin = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


class Steering:
    """Every verb gives back once its effect and its audit row are on disk, in one checkpoint.

    A second call finds nothing left to do. `apply`, `seek` and `end` wait for each other;
    `pause` and `resume` wait for nobody.
    """

    def __init__(self, parts: Parts, begin: Begin) -> None:
        self._parts = parts
        self._begin = begin
        self._one_at_a_time = asyncio.Lock()
        self._holding = Holding(parts.router, parts.go_on)
        self._applying = Applying(parts, self._holding, self._reorder)
        self._seeking = Seeking(parts, self._holding)
        self._ending = Ending(parts, self._holding)
        self.on_applied: Callable[[], None] = lambda: None  # triggers may have other sinks now

    async def apply(self, wired: Sequence[Wired], by: str, reason: str = "") -> Applied:
        """Make the running triggers those of `wired`, all or nothing, in one checkpoint.

        A new one begins by its `start`; a changed filter counts from what is stored next; a
        changed subscriber, policy or limit at once, for the backlog and parked deliveries
        too; one that is not in `wired` any more finishes what it has, then goes.
        Sinks in `wired` are open already, and those in use stay so (`Applied.settle_seconds`;
        a removing trigger goes on using its own). Raises Invalid, and nothing has changed.
        """
        async with self.applying(wired, by, reason) as carry_out:
            applied = carry_out()
            await self._parts.flush()
            return applied

    @asynccontextmanager
    async def applying(
        self, wired: Sequence[Wired], by: str, reason: str = ""
    ) -> AsyncIterator[Callable[[], Applied]]:
        """`apply` in two steps, for who must be sure that several partitions can.

        What can fail is done before this gives; what it gives changes everything in memory,
        cannot fail and does not wait. Then the caller waits for `flush`. Raises as `apply`.
        """
        async with self._one_at_a_time:
            plan = await self._applying.prepare(wired)

            def carry_out() -> Applied:
                applied = self._applying.carry_out(plan)
                if applied.count:
                    self._parts.audit(by, "reload", _told(applied), applied.count, reason)
                self.on_applied()
                return applied

            yield carry_out

    async def flush(self) -> None:
        """Wait until what was done is on disk."""
        await self._parts.flush()

    async def pause(self, trigger: str, by: str, reason: str = "") -> bool:
        """Begin no more calls; those in flight end. False: it was paused already.

        It stays so until `resume`, or until the configuration says something else about
        `paused`. Raises Invalid(code="unknown-trigger").
        """
        return await self._set_paused(True, trigger, by, reason)

    async def resume(self, trigger: str, by: str, reason: str = "") -> bool:
        """Begin calls again. False: it was not paused. Raises Invalid(code="unknown-trigger")."""
        return await self._set_paused(False, trigger, by, reason)

    async def _set_paused(self, is_paused: bool, trigger: str, by: str, reason: str) -> bool:
        lane = self._parts.known_lane(trigger)
        is_changed = lane.is_paused != is_paused
        if is_changed:
            now = self._parts.clock.now()
            put_state(self._parts, lane, TriggerState(trigger, is_paused, reason, by, now))
            self._parts.audit(by, "pause" if is_paused else "resume", trigger, 1, reason)
        await self._parts.flush()  # also where somebody else's act is not on disk yet
        return is_changed

    def pause_by_answer(self, lane: Lane, why: str) -> None:
        """What a sink answered asks for; it also ends when the trigger gets another sink."""
        state = TriggerState(lane.name, True, why, ANSWER, self._parts.clock.now())
        put_state(self._parts, lane, state)

    async def seek(self, trigger: str, to: int, by: str, reason: str = "") -> Sought:
        """Let `to` be the next offset delivered, as a new revision with the present filter.

        Calls in flight end first. Parked and dead deliveries stay, and so do those that wait
        behind a parked one of their key: none of these is delivered twice by it. What is
        skipped and matches is discarded and counted.
        Raises Invalid (codes unknown-trigger, trigger-removing, too-many-parked), and
        Unavailable(code="still-in-flight") where a call does not end by its deadline.
        """
        async with self._one_at_a_time:
            lane = self._parts.known_lane(trigger)
            sought = await self._seeking.seek(lane, to, by, reason)
            await self._parts.flush()
            return sought

    async def offset_of(self, where: Literal["latest", "earliest"] | datetime) -> int:
        """The `to` of `seek` that is meant by a word or by a time of storing."""
        if where == "latest":
            return self._parts.router.routed + 1
        oldest = await self._parts.oldest()
        if where == "earliest":
            return oldest
        assert isinstance(where, datetime), "the words are above"
        return max(oldest, await self._parts.log.offset_at(where) + 1)

    async def end(self, trigger: str, how: How, by: str, reason: str = "") -> Ended:
        """End what a removing trigger still has: to the dead letters (`operator`), or discarded.

        Raises Invalid (codes unknown-trigger, trigger-configured), and Unavailable
        (code="still-in-flight") as `seek`. A removed trigger that has ended gives count 0.
        """
        async with self._one_at_a_time:
            return await self._ending.end(trigger, how, by, reason)

    def committed(self, checkpoint: Checkpoint) -> None:
        """Revisions are on disk: what counts from them may be routed."""
        for revision in checkpoint.revisions:
            lane = self._parts.roster.lanes.get(revision.trigger)
            if lane is not None and lane.revisions[-1][0] == revision.number:
                self._holding.release(lane, REVISION)
        for lane in self._parts.roster.sweep(self._parts.enrolment):
            self._parts.telemetry.emit("trigger.removed", trigger=lane.name)

    def call_ended(self, lane: Lane) -> None:
        """Told for lanes that do not follow, before their count of calls goes down."""
        if lane.holds:
            self._holding.call_ended(lane)

    def _reorder(self, lane: Lane) -> None:
        """`order.by` has changed: what was begun ends by the old order, the rest by the new.

        What is parked already keeps the key it had, and whatever waits behind it too.
        """
        self._holding.hold(lane, ORDERING)
        self._begin(lambda: self._order_anew(lane))

    async def _order_anew(self, lane: Lane) -> None:
        while lane.in_flight:
            try:
                await self._holding.quiet(lane)
            except Unavailable:
                continue
        cursor = lane.cursor()
        rewind(lane, cursor.offset, cursor.settled)
        for key, following in lane.turns.forget_events() if lane.turns is not None else ():
            self._parts.failures.give_turn(lane, key, following)
        if lane.turns is None and lane.spec.order_by:
            lane.turns = Turns(lane.budget.use)
        elif lane.turns is not None and lane.turns.is_idle and not lane.spec.order_by:
            lane.turns = None
        self._holding.release(lane, ORDERING)


DETAIL_CHARACTERS_MAX = 1000


def _told(applied: Applied) -> str:
    """What a reload did, for the audit: names as far as there is room."""
    groups = (
        ("added", applied.added),
        ("changed", applied.changed),
        ("removing", applied.removing),
        ("removed", applied.removed),
    )
    text = "; ".join(f"{verb} {', '.join(names)}" for verb, names in groups if names)
    is_long = len(text) > DETAIL_CHARACTERS_MAX
    return text[:DETAIL_CHARACTERS_MAX] + "…" if is_long else text
