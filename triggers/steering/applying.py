"""Apply: the running triggers become those of a new configuration, all or nothing.

`prepare` does what can fail or takes time and changes nothing; `carry_out` changes everything
within one turn of the event loop, so that one checkpoint holds all of it. A new filter counts
from the first offset that is not routed yet, and until its revision is on disk the lane is
held: whatever is stored meanwhile is routed by exactly one of the two filters.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from broker.errors import Conflict, Invalid
from broker.storage.rows import Revision
from broker.token_bucket import TokenBucket
from triggers.caution import bare
from triggers.enrolment import Endpoint, Wired
from triggers.failures import COMPANION
from triggers.filters.filter import Filter
from triggers.lane import ENDING, Lane
from triggers.revisions import REMOVED_SPEC
from triggers.standing import document_of, filter_of, removed, state_after, subscriber_of
from triggers.steering.acts import Applied
from triggers.steering.holding import REVISION, Holding
from triggers.steering.parts import Parts
from triggers.steering.pausing import put_state

SLICE = 64  # triggers looked at before others have their turn


@dataclass(slots=True)
class Plan:
    """What `carry_out` will do; `starts` are offsets after which new triggers begin."""

    added: list[Wired] = field(default_factory=list)
    changed: list[tuple[Lane, Wired]] = field(default_factory=list)
    rewired: list[tuple[Lane, Wired]] = field(default_factory=list)  # only other objects
    gone: list[Lane] = field(default_factory=list)
    starts: dict[str, int] = field(default_factory=dict)  # but `latest`
    filters: dict[bytes, Filter] = field(default_factory=dict)  # by document


class Applying:
    """Of one partition; `reorder(lane)` is told of lanes whose `order.by` has changed."""

    def __init__(self, parts: Parts, holding: Holding, reorder: Callable[[Lane], None]) -> None:
        self._parts = parts
        self._holding = holding
        self._reorder = reorder
        self._nothing = filter_of(REMOVED_SPEC)

    async def prepare(self, wired: Sequence[Wired]) -> Plan:
        """Raises Invalid, Conflict where `wired` cannot be."""
        plan, names = Plan(), set[str]()
        self._parts.enrolment.first_offset = await self._parts.oldest()
        for count, one in enumerate(wired, 1):
            if one.spec.name in names:
                raise Invalid(f"trigger {one.spec.name} is there twice", code="duplicate-trigger")
            names.add(one.spec.name)
            await self._plan_one(plan, one)
            if count % SLICE == 0:
                await asyncio.sleep(0)
        plan.gone = [lane for lane in self._running() if lane.name not in names]
        return plan

    def _running(self) -> list[Lane]:
        parts = self._parts
        found = [parts.lane(name) for name in list(parts.roster.lanes)]
        return [lane for lane in found if lane is not None and not lane.is_removing]

    async def _plan_one(self, plan: Plan, one: Wired) -> None:
        spec, lane = one.spec, self._parts.lane(one.spec.name)
        if lane is not None and not lane.is_removing and lane.spec == spec:
            if not is_wired(lane, one):
                plan.rewired.append((lane, one))
            return
        if lane is not None and ENDING in lane.holds:
            raise Conflict(
                f"trigger {spec.name} was half ended by an operator",
                code="still-ending",
                remedy=f"end it first: headrace triggers remove {spec.name}",
            )
        document = document_of(spec)
        plan.filters[document] = filter_of(document)
        if lane is None:
            plan.added.append(one)
        else:
            plan.changed.append((lane, one))
        if (lane is None or lane.is_removing) and spec.start != "latest":
            plan.starts[spec.name] = await self._parts.enrolment.start_offset(spec)

    def carry_out(self, plan: Plan) -> Applied:
        """Cannot fail and does not wait."""
        # One that was being removed may have ended while the others were looked at.
        ended = [one for lane, one in plan.changed if self._parts.lane(lane.name) is not lane]
        plan.changed = [pair for pair in plan.changed if pair[1] not in ended]
        plan.added += ended
        settle_seconds = 0.0
        for lane, one in (*plan.changed, *plan.rewired):
            copies = lane.companion.in_flight if lane.companion is not None else 0
            if (lane.in_flight or copies) and not is_wired(lane, one):
                settle_seconds = max(settle_seconds, lane.spec.policy.timeout_seconds)
        self._parts.enrolment.last_offset = self._parts.router.routed
        for one in plan.added:
            self._add(plan, one)
        for lane, one in plan.changed:
            self._change(plan, lane, one)
        for lane, one in plan.rewired:
            self._wire(lane, one)
        open_: list[str] = []
        idle: list[str] = []
        for lane in plan.gone:
            (idle if self._remove(lane) else open_).append(lane.name)
        return Applied(
            added=tuple(one.spec.name for one in plan.added),
            changed=tuple(lane.name for lane, _ in plan.changed),
            removing=tuple(open_),
            removed=tuple(idle),
            settle_seconds=settle_seconds,
        )

    def _add(self, plan: Plan, one: Wired) -> None:
        parts, name = self._parts, one.spec.name
        start_offset = min(plan.starts.get(name, parts.router.routed), parts.router.routed)
        lane = parts.enrolment.enrol(one, start_offset, plan.filters)
        lane.holds.add(REVISION)
        parts.roster.add(lane)
        parts.durable.reserve(name, lane.position)
        parts.ledger.touch(lane)

    def _change(self, plan: Plan, lane: Lane, one: Wired) -> None:
        parts, before, spec = self._parts, lane.spec, one.spec
        document, last = document_of(spec), parts.revisions.last(lane.name)
        assert last is not None, "a lane has a revision"
        is_back, lane.is_removing = lane.is_removing, False
        if is_back:
            parts.roster.stay(lane)
        was = parts.revisions.document(lane.name) or last.spec
        lane.spec = spec
        is_mended = before.sink != spec.sink or subscriber_of(was) != subscriber_of(document)
        if last.spec != document:
            is_same = (before.filters, before.attributes) == (spec.filters, spec.attributes)
            self._revise(lane, last, document, None if is_same and not is_back else plan.filters)
        put_state(
            parts, lane, state_after(spec, was, lane.trigger_state, is_mended, parts.clock.now())
        )
        if before.rate_per_second != spec.rate_per_second:
            rate = spec.rate_per_second
            lane.rate = None if rate is None else TokenBucket(rate)
        if before.order_by != spec.order_by:
            self._reorder(lane)
        self._wire(lane, one)
        if is_mended:
            calls_seconds = before.policy.timeout_seconds if lane.in_flight else 0.0
            parts.parking.mend(lane, calls_seconds)

    def _revise(
        self, lane: Lane, last: Revision, document: bytes, filters: dict[bytes, Filter] | None
    ) -> None:
        """Write the new revision; with `filters` there is a new filter to go by."""
        parts, from_offset = self._parts, self._parts.router.routed + 1
        number = last.number + 1
        parts.revise(Revision(lane.name, number, from_offset, document, parts.clock.now()))
        present = lane.revisions[-1][2] if filters is None else filters[document]
        put_revision(lane, number, from_offset, present)
        parts.ledger.touch(lane)
        if filters is not None:
            self._holding.hold(lane, REVISION)
            parts.router.revise(lane)
        parts.telemetry.emit(
            "trigger.revised", trigger=lane.name, revision=number, from_offset=from_offset
        )

    def _wire(self, lane: Lane, one: Wired) -> None:
        """The sinks and limits of `one`, from the next call on."""
        lane.sink, lane.target = one.endpoint.sink, one.endpoint.target
        lane.arrange()
        lane.max_in_flight = lane.spec.calls_max
        lane.blocked_until = 0.0
        self._wire_companion(lane, one.dead_letter)
        caution = self._parts.caution()
        for each in (lane, lane.companion):
            if each is not None:
                if caution is not None:
                    caution.rewire(each)
                self._parts.wake(each)

    def _wire_companion(self, lane: Lane, endpoint: Endpoint | None) -> None:
        roster, companion = self._parts.roster, lane.companion
        if endpoint is None:
            if companion is not None:  # what it has it still carries
                roster.leave(companion)
            lane.companion = None
            return
        companion = companion or roster.lanes.get(lane.name + COMPANION)
        if companion is None:
            companion = self._parts.enrolment.companion(lane, endpoint)
        is_mended = companion.spec.dead_letter_sink != lane.spec.dead_letter_sink
        calls_seconds = companion.spec.policy.timeout_seconds if companion.in_flight else 0.0
        companion.spec, lane.companion = lane.spec, companion
        companion.sink, companion.target = endpoint.sink, endpoint.target
        companion.max_in_flight = lane.spec.calls_max
        roster.add_companion(companion)
        if is_mended:
            self._parts.parking.mend(companion, calls_seconds)

    def _remove(self, lane: Lane) -> bool:
        """Take no new events; True if it has nothing left to do."""
        parts, now = self._parts, self._parts.clock.now()
        stored = parts.revisions.of(lane.name)
        revision = removed(lane.name, stored, parts.router.routed, now)
        assert revision is not None, "it was not removed before"
        parts.revise(revision)
        put_revision(lane, revision.number, revision.from_offset, self._nothing)
        lane.is_removing = True
        parts.router.revise(lane)
        parts.roster.leave(lane)
        is_idle = parts.roster.is_done(lane)
        if not is_idle:
            parts.telemetry.emit("trigger.removing", trigger=lane.name)
        return is_idle


def is_wired(lane: Lane, one: Wired) -> bool:
    """Whether `lane` has these very sinks."""
    return _is_at(lane, one.endpoint) and (
        lane.companion is None
        if one.dead_letter is None
        else lane.companion is not None and _is_at(lane.companion, one.dead_letter)
    )


def _is_at(lane: Lane, endpoint: Endpoint) -> bool:
    return bare(lane.sink) is endpoint.sink and lane.target is endpoint.target


def put_revision(lane: Lane, number: int, from_offset: int, filter_: Filter) -> None:
    """From `from_offset` on `filter_` counts, whatever counted there before."""
    kept = [one for one in lane.revisions if one[1] < from_offset]
    passed = lane.cursor().offset + 1
    while len(kept) > 1 and kept[1][1] <= passed:
        kept.pop(0)
    lane.revisions = [*kept, (number, from_offset, filter_)]
