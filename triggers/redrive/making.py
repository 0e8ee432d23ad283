"""Making a plan: what is meant is read, its ids frozen in pages, and what is to be known said."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from broker.storage.desk import Term
from triggers.lane import Lane
from triggers.redrive.aim import OWN
from triggers.redrive.aim_facts import caveats_of, concerning
from triggers.redrive.facts import SAMPLED, Sampling
from triggers.redrive.pages import Pages
from triggers.redrive.plan import Plan, Strand
from triggers.redrive.plan_means import PlanMeans
from triggers.redrive.planning import Breaking, TriggerFacts, slow_caveat, warnings_of
from triggers.redrive.reading import PlanRequest, read_sheets

PLAN_IDS_MAX = 1_000_000
PLAN_SECONDS_MAX = 20.0  # of reading; what was not read by then is not in the plan
SAMPLED_TRIGGERS = 20  # of a plan, of which some dead letters are read


class Making:
    """`possible(trigger)` is the most that a trigger takes a second, None where nobody knows."""

    def __init__(self, means: PlanMeans, possible: Callable[[str], float | None]) -> None:
        self._means = means
        self._possible = possible

    async def make(self, id: str, request: PlanRequest, by: str) -> Plan:
        """The plan `id`; its ids are on disk, its own record is not."""
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
                await means.flush()
        for record in pages.rest():
            means.ledger.records.append(record)
            await means.flush()
        strands = pages.strands()
        missing = len(set(request.ids)) - seen.count if request.ids else 0
        facts = concerning(request.aim, await self._facts(request, strands))
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


def is_ordered(lane: Lane | None) -> bool:
    return lane is not None and lane.turns is not None
