"""The plans of a partition: made, kept for an hour, found, and swept."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import orjson

from broker.errors import Overloaded
from broker.storage.rows import Record
from triggers.job_ids import draw_id
from triggers.redrive.checking import check_rate
from triggers.redrive.job import RedriveJob
from triggers.redrive.making import PLAN_SECONDS_MAX, Making
from triggers.redrive.plan import (
    PAGE_IDS,
    PAGES_PREFIX,
    PREFIX,
    Plan,
    decode,
    encode,
    page_key,
    page_keys,
)
from triggers.redrive.plan_means import PlanMeans
from triggers.redrive.reading import PlanRequest

PLANS_MAX = 64  # beyond, or beyond so many ids in all, the oldest that nobody acted on goes
MAKING_MAX = 4  # at once
KEPT_IDS_MAX = 4_000_000
SWEPT_PAGES = 500  # that go with one checkpoint


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
        self._maker = Making(means, possible)
        self._plans: dict[str, Plan] = {}  # oldest first
        self._making: set[str] = set()

    async def load(self) -> None:
        """What earlier processes have made."""
        records = await self._means.engine.records.scan(PREFIX, limit=10 * PLANS_MAX)
        for key, value, _ in records:
            plan = decode(key.removeprefix(PREFIX), value)
            self._plans[plan.id] = plan
        await self.sweep()

    def all(self) -> list[Plan]:
        """Those that `find` gives, the latest first."""
        return [plan for plan in reversed(self._plans.values()) if self.find(plan.id) is not None]

    def find(self, id: str) -> Plan | None:
        """One that may be acted on, or was."""
        plan = self._plans.get(id)
        if plan is None or (plan.acted_at is None and not self._is_valid(plan)):
            return None
        return plan

    def known(self, id: str) -> Plan:
        """One that is kept for sure: it was just acted on."""
        return self._plans[id]

    def begun(self) -> list[Plan]:
        """Those that were acted on without a job, and are not through yet."""
        return [plan for plan in self._plans.values() if plan.acted_at and not plan.is_over]

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
        request = replace(request, aim=await self._means.whole(request.aim))
        drawn = draw_id(self._means.clock.now(), self._means.random(), self._is_known)
        self._making.add(drawn)
        try:
            plan = await self._maker.make(drawn, request, by)
        finally:
            self._making.discard(drawn)
        await self.write(plan)
        await self._make_room()
        return plan

    async def write(self, plan: Plan) -> None:
        """`plan` is as this from now on; gives back when that is on disk."""
        self.put(plan)
        await self._means.flush()

    def put(self, plan: Plan) -> None:
        """The same, with the next checkpoint."""
        self.keep(plan)
        self.note(plan)

    def keep(self, plan: Plan) -> None:
        """As this it is found from now on."""
        self._plans[plan.id] = plan

    def note(self, plan: Plan) -> None:
        """As this it is written with the next checkpoint."""
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
        await self._means.flush()

    def _is_valid(self, plan: Plan) -> bool:
        return self._means.clock.now() < plan.valid_until

    def _is_needed(self, plan: Plan) -> bool:
        """Whether a job, or an act, still reads its pages."""
        if plan.acted_at is not None and not plan.is_over:
            return True
        job = self._job_of(plan.id)
        return job is not None and job.ended_at is None

    def _is_known(self, id: str) -> bool:
        return id in self._plans or id in self._making or self._job_of(id) is not None
