"""The plans of a partition: made, kept for an hour, found, and swept."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from broker.clock import Clock
from broker.errors import Invalid, Overloaded, StoreFailed
from broker.storage.desk import Term
from broker.storage.engine import Engine
from broker.storage.rows import Record
from triggers.checkpointer import Checkpointer
from triggers.job_ids import draw_id
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.redrive.aim import OWN, OWN_BROKER, Aim, check_aim, found_name
from triggers.redrive.aim_facts import SinkFacts, caveats_of
from triggers.redrive.checking import check_rate
from triggers.redrive.desk import WRITE_SECONDS_MAX
from triggers.redrive.facts import SAMPLED, Sampling
from triggers.redrive.job import RedriveJob
from triggers.redrive.pages import Pages
from triggers.redrive.plan import (
    PAGE_IDS,
    PAGES_PREFIX,
    PREFIX,
    Plan,
    Strand,
    decode,
    encode,
    page_key,
    page_keys,
)
from triggers.redrive.planning import Breaking, TriggerFacts, slow_caveat, warnings_of
from triggers.redrive.reach import Reach
from triggers.redrive.reading import PlanRequest, read_sheets

PLAN_IDS_MAX = 1_000_000
PLAN_SECONDS_MAX = 20.0  # of reading; what was not read by then is not in the plan
PLANS_MAX = 64  # beyond, or beyond so many ids in all, the oldest that nobody acted on goes
MAKING_MAX = 4  # at once
KEPT_IDS_MAX = 4_000_000
SAMPLED_TRIGGERS = 20  # of a plan, of which some dead letters are read
SWEPT_PAGES = 500  # that go with one checkpoint


@dataclass(frozen=True, slots=True)
class PlanMeans:
    """What plans are made from. `expiring_before`: who died before is forgotten within a day."""

    broker: str
    engine: Engine
    ledger: Ledger
    checkpointer: Checkpointer
    lanes: Mapping[str, Lane]
    clock: Clock
    random: Callable[[], float]
    expiring_before: Callable[[], datetime | None]
    reach: Reach | None = None

    def whole(self, aim: Aim) -> Aim:
        """The same with whole names. Raises Invalid where there is no such sink or broker."""
        check_aim(aim)
        if aim == OWN:
            return aim
        if self.reach is None:
            raise Invalid("nothing else can be reached here", code="no-sink", where="to_sink")
        namespace = self.broker.partition("/")[0]
        if aim.sink is not None:
            return Aim(sink=found_name("sink", aim.sink, namespace, self.reach.sinks()))
        assert aim.broker is not None, "one of the two is said"
        if aim.broker == OWN_BROKER:
            return Aim(broker=self.broker)
        return Aim(broker=found_name("broker", aim.broker, namespace, self.reach.brokers()))

    def facts_of(self, aim: Aim, triggers: Sequence[str]) -> SinkFacts | None:
        """How the other sink is, if it is one."""
        if aim.sink is None or self.reach is None:
            return None
        return self.reach.facts_of(aim.sink, triggers)


class Plans:
    """`job_of(plan)` gives the job that came of a plan, None where none did; `possible(trigger)`
    the most that a trigger takes a second, None where nobody knows.
    """

    def __init__(
        self,
        means: PlanMeans,
        job_of: Callable[[str], RedriveJob | None],
        possible: Callable[[str], float | None],
    ) -> None:
        self._means = means
        self._job_of = job_of
        self._possible = possible
        self._plans: dict[str, Plan] = {}  # oldest first
        self._making: set[str] = set()

    async def load(self) -> None:
        """What earlier processes have made."""
        records = await self._means.engine.records.scan(PREFIX, limit=10 * PLANS_MAX)
        for key, value, _ in records:
            plan = decode(key.removeprefix(PREFIX), value)
            self._plans[plan.id] = plan
        await self.sweep()

    def find(self, id: str) -> Plan | None:
        """One that may be acted on, or was."""
        plan = self._plans.get(id)
        if plan is None or (plan.acted_at is None and not self._is_valid(plan)):
            return None
        return plan

    @property
    def is_empty(self) -> bool:
        return not self._plans

    async def make(self, request: PlanRequest, by: str) -> Plan:
        """Freeze what is meant now. Raises Invalid(code="bad-rate"), Overloaded, StoreFailed."""
        check_rate(request.rate_per_second)
        if len(self._making) >= MAKING_MAX:
            raise Overloaded(
                f"{len(self._making)} plans are being made already",
                code="too-many-plans",
                remedy="wait for them",
                retry_after_seconds=PLAN_SECONDS_MAX / 4,
            )
        await self.sweep()
        request = replace(request, aim=self._means.whole(request.aim))
        drawn = draw_id(self._means.clock.now(), self._means.random(), self._is_known)
        self._making.add(drawn)
        try:
            plan = await self._make(drawn, request, by)
        finally:
            self._making.discard(drawn)
        await self.write(plan)
        await self._make_room()
        return plan

    async def _make(self, id: str, request: PlanRequest, by: str) -> Plan:
        means, now = self._means, self._means.clock.now()
        seen = Breaking(now, means.expiring_before())
        pages = Pages(id, lambda name: is_ordered(means.lanes.get(name)))
        until = means.clock.monotonic() + PLAN_SECONDS_MAX
        is_complete = True
        async for sheet in read_sheets(means.engine.desk, request, seen.since):
            is_over = means.clock.monotonic() >= until
            if is_over or seen.count + sheet.count > PLAN_IDS_MAX:
                is_complete = False
                break
            for share in sheet.shares:
                seen.add(share)
            for record in pages.add(sheet):
                means.ledger.records.append(record)
                await self.flush()
        for record in pages.rest():
            means.ledger.records.append(record)
            await self.flush()
        strands = pages.strands()
        missing = len(set(request.ids)) - seen.count if request.ids else 0
        facts = await self._facts(request, strands)
        triggers = [strand.trigger for strand in strands]
        caveats = caveats_of(request.aim, means.facts_of(request.aim, triggers))
        known = await means.engine.desk.groups_named(seen.largest)
        plan = Plan(
            id=id,
            broker=means.broker,
            verb=request.verb,
            where=None if request.query is None else request.query.text or None,
            group=request.group,
            by=by,
            made_at=now,
            rate_per_second=request.rate_per_second,
            breakdown=seen.breakdown({group.id: group for group in known}),
            is_complete=is_complete,
            warnings=(
                *caveats,
                *warnings_of(request.verb, seen, facts, is_complete, missing),
            ),
            strands=strands,
            aim=request.aim,
            possible=self._possible_of(triggers) if request.aim == OWN else {},
        )
        if (slowest := plan.slowest) is None:
            return plan
        slower = slow_caveat(slowest, plan.possible[slowest])
        return replace(plan, warnings=(*plan.warnings, slower))

    def _possible_of(self, triggers: Sequence[str]) -> dict[str, float]:
        found = {name: self._possible(name) for name in triggers}
        return {name: most for name, most in found.items() if most is not None}

    async def _facts(
        self, request: PlanRequest, strands: Sequence[Strand]
    ) -> Sequence[TriggerFacts]:
        """How the triggers are; the latest of each are asked whether they match it now."""
        sampling = Sampling(self._means.lanes)
        for strand in strands[:SAMPLED_TRIGGERS] if request.verb == "redrive" else ():
            for condition in request.conditions()[:1]:
                own = (*condition, Term("trigger", "=", strand.trigger))
                page = await self._means.engine.desk.page(own, None, SAMPLED)
                for letter in page.items:
                    sampling.add(letter)
        return sampling.facts(strand.trigger for strand in strands)

    async def write(self, plan: Plan) -> None:
        """`plan` is as this from now on; gives back when that is on disk."""
        self.put(plan)
        await self.flush()

    def put(self, plan: Plan) -> None:
        """The same, with the next checkpoint."""
        self._plans[plan.id] = plan
        self._means.ledger.records.append(Record(PREFIX + plan.id, encode(plan)))

    async def page(self, plan: str, strand: int, page: int) -> Sequence[str]:
        """Ids of a page, newest dead first."""
        found = await self._means.engine.records.get(page_key(plan, strand, page))
        ids: list[str] = [] if found is None else orjson.loads(found[0])
        return ids

    async def pages(self, plan: Plan) -> AsyncIterator[Sequence[str]]:
        """All ids of a plan, a page at a time."""
        for number, strand in enumerate(plan.strands):
            for page in range(-(-strand.count // PAGE_IDS)):
                yield await self.page(plan.id, number, page)

    async def sweep(self) -> None:
        """Forget those that are past their hour, except what a job still reads."""
        gone = [
            plan
            for plan in self._plans.values()
            if not self._is_valid(plan) and not self._is_needed(plan)
        ]
        for plan in gone:
            await self._forget(plan)
        await self._sweep_orphans()

    async def _make_room(self) -> None:
        older = [plan for plan in self._plans.values() if plan.acted_at is None][:-1]
        # Whoever may only export shall not push out what an operator is about to do.
        older.sort(key=lambda plan: plan.verb != "export")
        while older and (
            len(self._plans) > PLANS_MAX
            or sum(plan.count for plan in self._plans.values()) > KEPT_IDS_MAX
        ):
            await self._forget(older.pop(0))

    async def _forget(self, plan: Plan) -> None:
        self._plans.pop(plan.id, None)
        keys = [PREFIX + plan.id, *page_keys(plan.id, plan.strands)]
        for start in range(0, len(keys), SWEPT_PAGES):
            await self._remove(keys[start : start + SWEPT_PAGES])

    async def _sweep_orphans(self) -> None:
        """Pages of plans that never came to be: whoever made one, or the process, went away."""
        records, after = self._means.engine.records, ""
        while found := await records.scan(PAGES_PREFIX, after, 1):
            name = found[0][0].removeprefix(PAGES_PREFIX).partition("/")[0]
            after = f"{PAGES_PREFIX}{name}/~"  # beyond all of its pages
            if name in self._plans or name in self._making:
                continue
            while keys := [key for key, *_ in await records.scan(f"{PAGES_PREFIX}{name}/")]:
                await self._remove(keys)

    async def _remove(self, keys: Sequence[str]) -> None:
        self._means.ledger.records += [Record(key, None) for key in keys]
        await self.flush()

    async def flush(self) -> None:
        """Gives back when all that is in the ledger is on disk. Raises StoreFailed."""
        try:
            async with asyncio.timeout(WRITE_SECONDS_MAX):
                await self._means.checkpointer.flush()
        except TimeoutError as error:
            raise StoreFailed("the store has not said that it wrote", unknown=True) from error

    def _is_valid(self, plan: Plan) -> bool:
        return self._means.clock.now() < plan.valid_until

    def _is_needed(self, plan: Plan) -> bool:
        """Whether a job still reads its pages."""
        job = self._job_of(plan.id)
        return job is not None and job.ended_at is None

    def _is_known(self, id: str) -> bool:
        return id in self._plans or id in self._making or self._job_of(id) is not None


def is_ordered(lane: Lane | None) -> bool:
    return lane is not None and lane.turns is not None
