"""Binning: what is done by a plan without deliveries, into the bin of the desk and out of it.

It goes on in slices, and how far it is stands in the plan's record, written with each of them:
whoever stops in between, a process or its user, it is taken up where it was. Few are done when
the act gives back; of many the plan tells how far it is.
"""

import asyncio
from collections.abc import Sequence

from broker.errors import Conflict, HeadraceError
from broker.storage.rows import Audit
from broker.telemetry import Telemetry
from triggers.redrive.acts import Refused
from triggers.redrive.checking import check_plan
from triggers.redrive.desk import SLICE_LETTERS, LetterDesk
from triggers.redrive.plan import Plan, Verb, page_after
from triggers.redrive.plan_means import PlanMeans
from triggers.redrive.plans import Plans

AT_ONCE_MAX = 10_000  # done while whoever asks waits
AGAIN_SECONDS = 2.0  # after a store that did not answer
REST_SECONDS_MAX = 0.1  # between slices: as long as one took, for those who publish meanwhile


class _Slice:
    """What becomes of one slice of a plan; it is written with the checkpoint of its moves."""

    def __init__(self, plans: Plans, means: PlanMeans, plan: Plan) -> None:
        self._plans = plans
        self._means = means
        self.plan = plan

    def is_wanted(self) -> bool:
        return True

    def took(self, ids: Sequence[str], moved: Sequence[str], refused: Sequence[Refused]) -> None:
        if not self.plan.passed:
            self._audit()
        self.plan = self.plan.went_on(len(ids), len(moved), [one.why for one in refused])
        self._plans.note(self.plan)

    def gone(self, id: str) -> None:
        self.plan = self.plan.went_on(0, -1, ["expired"])
        self._plans.note(self.plan)

    def _audit(self) -> None:
        """Once, as of a redrive: in the checkpoint in which it begins."""
        plan = self.plan
        now, detail = self._means.clock.now(), f"plan {plan.id}"
        row = Audit(now, plan.acted_by, plan.verb, detail, plan.count, plan.acted_reason)
        self._means.ledger.audit.append(row)


class Binning:
    """Acting again on a plan does nothing new, and gives it as it is."""

    def __init__(
        self,
        plans: Plans,
        letters: LetterDesk,
        means: PlanMeans,
        telemetry: Telemetry,
    ) -> None:
        self._plans = plans
        self._letters = letters
        self._means = means
        self._telemetry = telemetry
        self._one_at_a_time = asyncio.Lock()
        self._asked = asyncio.Event()
        self.at_once_max = AT_ONCE_MAX

    async def discard(self, plan: str, count: int, by: str, reason: str) -> tuple[Plan, bool]:
        """Put those of a plan in the bin; `count` is said by whoever has looked at the plan."""
        return await self._act(plan, "discard", count, by, reason)

    async def restore(self, plan: str, by: str, reason: str = "") -> tuple[Plan, bool]:
        """Take those of a plan out of the bin."""
        return await self._act(plan, "restore", None, by, reason)

    async def run(self) -> None:
        """Go on with what was begun, until cancelled; asleep while there is nothing."""
        while True:
            self._asked.clear()
            try:
                while begun := self._plans.begun():
                    for plan in begun:
                        seconds = self._means.clock.monotonic()
                        await self._slice(plan.id)
                        seconds = self._means.clock.monotonic() - seconds
                        await asyncio.sleep(min(REST_SECONDS_MAX, seconds))
            except HeadraceError as error:  # the store says so elsewhere too; nothing is lost
                self._telemetry.emit("redrive.stalled", error=str(error))
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            await self._asked.wait()

    async def _act(
        self, name: str, verb: Verb, count: int | None, by: str, reason: str
    ) -> tuple[Plan, bool]:
        plan = check_plan(self._plans.find(name), name, verb)
        is_new = plan.acted_at is None
        if is_new:
            _check_count(plan, count)
            self._plans.put(plan.begun(self._means.clock.now(), by, reason))
        try:
            if plan.count <= self.at_once_max:
                while not self._plans.known(name).is_over:
                    await self._slice(name)
            await self._means.flush()
        finally:
            self._asked.set()  # whatever is left is done, also if nobody waits for it any more
        return self._plans.known(name), is_new

    async def _slice(self, name: str) -> None:
        """Go through the next of a plan, if there are any left.

        Whoever has few waits for a slice of who has many, and not for all of them.
        """
        async with self._one_at_a_time:
            plan = self._plans.find(name)
            if plan is None or plan.is_over:
                return
            if ids := await self._next(plan):
                await self._carry_out(plan, ids)
            else:  # its pages are gone, though nothing here takes them away before its end
                left = plan.count - plan.passed
                self._plans.put(plan.went_on(left, 0, ["unknown"] * left))

    async def _carry_out(self, plan: Plan, ids: Sequence[str]) -> None:
        letters, sliced = self._letters, _Slice(self._plans, self._means, plan)
        act = letters.discard_for if plan.verb == "discard" else letters.restore_for
        try:
            await act(ids, plan.acted_by, plan.acted_reason, sliced)
        finally:  # told once it is on disk; where nobody knows, it is in the ledger all the same
            self._plans.keep(sliced.plan)

    async def _next(self, plan: Plan) -> Sequence[str]:
        strand, page, index = page_after(plan.strands, plan.passed)
        ids = await self._plans.page(plan.id, strand, page)
        return ids[index : index + SLICE_LETTERS]


def _check_count(plan: Plan, count: int | None) -> None:
    if count is not None and count != plan.count:
        raise Conflict(
            f"the plan is about {plan.count} dead letters, not {count}",
            code="count-differs",
            where="count",
            remedy="look at the plan, and say its count",
        )
