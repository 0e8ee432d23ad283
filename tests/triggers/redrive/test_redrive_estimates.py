"""How long a plan says that it takes is how long it takes: by the rate, or by the sink."""

import pytest

from tests.scenarios.house import House, trigger
from tests.triggers.redrive.jobs_house import (
    WHO,
    begin,
    ended,
    house_with,
    job_of,
    plan_all,
    redrives,
)
from triggers.redrive import Options, Plan, PlanRequest
from triggers.redrive.room import WAITING_MAX

FAST = 1_000.0


async def redriven_seconds(house: House, plan: Plan) -> float:
    began = house.clock.monotonic()
    options = Options(plan.rate_per_second, canary=0)
    job, _ = await redrives(house).redrive(plan.id, options, WHO)
    await ended(house, job.id)
    return house.clock.monotonic() - began


async def learn_how_slow(house: House) -> None:
    """A job that is cancelled after some seconds shows how much the sink takes."""
    house.sinks["t"].delay_seconds = 0.1
    job = await begin(house, Options(FAST, canary=0))
    await house.until(lambda: job_of(house, job.id).tally.delivered >= 300)
    await redrives(house).cancel(job.id, WHO)
    await ended(house, job.id)


@pytest.mark.parametrize(("rate", "count"), [(50.0, 200), (FAST, 2_000)])
async def test_a_sink_that_is_well_is_done_when_the_plan_says(rate: float, count: int) -> None:
    house = await house_with(count)

    plan = await plan_all(house, PlanRequest("redrive", rate_per_second=rate))
    seconds = await redriven_seconds(house, plan)

    assert seconds == pytest.approx(plan.seconds, rel=0.1)
    await house.end()


async def test_a_slow_sink_that_is_known_is_done_when_the_plan_says() -> None:
    house = await house_with(800)
    await learn_how_slow(house)

    plan = await plan_all(house, PlanRequest("redrive", rate_per_second=FAST))
    seconds = await redriven_seconds(house, plan)

    assert plan.count / FAST < 1.0 < 3.0 < seconds
    assert seconds == pytest.approx(plan.seconds, rel=0.1)
    await house.end()


async def test_what_a_job_may_have_under_way_is_reckoned_with_too() -> None:
    house = await house_with(2_500)
    await house.apply(trigger(max_in_flight=8_000))  # so the sink has slots for all of them
    house.sinks["t"].delay_seconds = 1.0
    job = await begin(house, Options(5_000.0, canary=0))
    await house.until(lambda: job_of(house, job.id).tally.delivered >= 1_200)
    await redrives(house).cancel(job.id, WHO)
    await ended(house, job.id)

    plan = await plan_all(house, PlanRequest("redrive", rate_per_second=5_000.0))

    assert plan.count / 5_000 < 0.3
    assert plan.seconds == pytest.approx(plan.count / WAITING_MAX, rel=0.3)
    await house.end()


async def test_a_plan_warns_that_a_higher_rate_saves_no_time() -> None:
    house = await house_with(500)
    await learn_how_slow(house)

    fast = await plan_all(house, PlanRequest("redrive", rate_per_second=FAST))
    slow = await plan_all(house, PlanRequest("redrive", rate_per_second=5.0))

    (told,) = [one.text for one in fast.warnings if one.code == "slower"]
    assert told.startswith("default/t took at most ")
    assert "slower" not in [one.code for one in slow.warnings]
    assert slow.seconds == slow.count / 5.0
    await house.end()
