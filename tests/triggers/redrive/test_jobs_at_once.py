"""Several redrive jobs at once: none of them is disturbed by how another goes on or ends."""

import pytest

from tests.triggers.redrive.jobs_house import WHO, ended, house_with, plan_all, redrives
from triggers.redrive import Options, PlanRequest
from triggers.where import parse_query


@pytest.mark.parametrize("delay_seconds", [0.0, 0.005, 0.05], ids=str)
@pytest.mark.parametrize("rate", [10.0, 33.0, 50.0, 1_000.0], ids=str)
async def test_one_may_end_while_another_is_sent(rate: float, delay_seconds: float) -> None:
    house = await house_with(60, "t", "u")
    house.sinks["u"].delay_seconds = delay_seconds
    defects: list[BaseException] = []
    house.partition.on_failure = defects.append
    plans = [
        await plan_all(house, PlanRequest("redrive", parse_query(text, house.clock.now())))
        for text in ("trigger = 't'", "trigger = 'u'")
    ]

    for plan, per_second in zip(plans, (20.0, rate), strict=True):
        await redrives(house).redrive(plan.id, Options(per_second, canary=0), WHO)
    jobs = [await ended(house, plan.id) for plan in plans]

    assert not defects
    assert [job.tally.delivered for job in jobs] == [60, 60]
    await house.end()
