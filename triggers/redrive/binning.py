"""Binning: what is done by a plan without deliveries, into the bin of the desk and out of it."""

import asyncio
from collections import Counter

from broker.clock import Clock
from broker.errors import Conflict, Invalid
from triggers.redrive.checking import check_plan
from triggers.redrive.desk import LetterDesk
from triggers.redrive.plan import Outcome, Plan, Verb
from triggers.redrive.plans import Plans

BINNED_MAX = 100_000  # dead letters that one act discards or restores


class Binning:
    """One act at a time. Acting again on a plan does nothing new, and gives it as it is."""

    def __init__(self, plans: Plans, letters: LetterDesk, clock: Clock) -> None:
        self._plans = plans
        self._letters = letters
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def discard(self, plan: str, count: int, by: str, reason: str) -> tuple[Plan, bool]:
        """Put those of a plan in the bin; `count` is said by whoever has looked at the plan."""
        return await self._act(plan, "discard", count, by, reason)

    async def restore(self, plan: str, by: str, reason: str = "") -> tuple[Plan, bool]:
        """Take those of a plan out of the bin."""
        return await self._act(plan, "restore", None, by, reason)

    async def _act(
        self, name: str, verb: Verb, count: int | None, by: str, reason: str
    ) -> tuple[Plan, bool]:
        async with self._one_at_a_time:
            plan = check_plan(self._plans.find(name), name, verb)
            if plan.acted_at is not None:
                return plan, False
            if count is not None and count != plan.count:
                raise Conflict(
                    f"the plan is about {plan.count} dead letters, not {count}",
                    code="count-differs",
                    where="count",
                    remedy="look at the plan, and say its count",
                )
            if plan.count > BINNED_MAX:
                raise Invalid(
                    f"{plan.count} are too many for one {verb}",
                    code="too-many",
                    remedy=f"make plans of at most {BINNED_MAX}",
                )
            outcome = await self._carry_out(plan, by, reason)
            plan = plan.acted(self._clock.now(), outcome)
            await self._plans.write(plan)
            return plan, True

    async def _carry_out(self, plan: Plan, by: str, reason: str) -> Outcome:
        """Slice by slice; should it stop half-way, the same act goes on with the rest."""
        act = self._letters.discard if plan.verb == "discard" else self._letters.restore
        moved, refused = 0, Counter[str]()
        async for ids in self._plans.pages(plan):
            acted = await act(ids, by, reason, f"plan {plan.id}")
            moved += len(acted.moved)
            refused.update(one.why for one in acted.refused)
        return Outcome(moved, dict(refused))
