"""Several redrive jobs at once: none of them is disturbed by how another goes on or ends."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from broker.delivery import Delivered, Delivery, Outcome
from broker.errors import HeadraceError
from broker.storage.rows import DeadState
from tests.scenarios.house import House, trigger
from tests.triggers.redrive.jobs_house import (
    BROKEN,
    REFUSED,
    WHO,
    ended,
    house_with,
    job_of,
    plan_all,
    redrives,
)
from triggers.redrive import Options, Plan, PlanRequest
from triggers.where import parse_query

LETTERS = 40  # of each trigger
STEPS = 25
OF_T, OF_U, OF_ALL = "trigger = 't'", "trigger = 'u'", "TRUE"


async def plan_of(house: House, text: str) -> Plan:
    return await plan_all(house, PlanRequest("redrive", parse_query(text, house.clock.now())))


@pytest.mark.parametrize("delay_seconds", [0.0, 0.005, 0.05], ids=str)
@pytest.mark.parametrize("rate", [10.0, 33.0, 50.0, 1_000.0], ids=str)
async def test_one_may_end_while_another_is_sent(rate: float, delay_seconds: float) -> None:
    house = await house_with(60, "t", "u")
    house.sinks["u"].delay_seconds = delay_seconds
    defects: list[BaseException] = []
    house.partition.on_failure = defects.append
    plans = [await plan_of(house, text) for text in (OF_T, OF_U)]

    for plan, per_second in zip(plans, (20.0, rate), strict=True):
        await redrives(house).redrive(plan.id, Options(per_second, canary=0), WHO)
    jobs = [await ended(house, plan.id) for plan in plans]

    assert not defects
    assert [job.tally.delivered for job in jobs] == [60, 60]
    await house.end()


class Walk:
    """Jobs over the same dead letters, and discards of some, by `chance`."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self.house = house
        self.chance = chance
        self.jobs: list[str] = []
        self.defects: list[BaseException] = []
        self._listen()
        for name in ("t", "u"):
            house.answers(name, self._answer)
            house.sinks[name].delay_seconds = chance.choice([0.0, 0.004, 0.03, 0.2])

    def _listen(self) -> None:
        self.house.partition.on_failure = self.defects.append

    def _answer(self, _: Delivery) -> Outcome:
        drawn = self.chance.random()
        return REFUSED if drawn < 0.05 else BROKEN if drawn < 0.2 else Delivered()

    async def step(self) -> None:
        steps: list[Callable[[], Awaitable[object]]]
        steps = [self.begin, self.steer, self.bin, self.wait, self.wait, self.crash]
        with suppress(HeadraceError):  # it may be over, or too many
            await self.chance.choice(steps)()

    async def begin(self) -> None:
        plan = await plan_of(self.house, self.chance.choice([OF_T, OF_U, OF_ALL]))
        rate, canary = self.chance.choice([5.0, 100.0, 1_000.0]), self.chance.choice([0, 3, None])
        await redrives(self.house).redrive(plan.id, Options(rate, canary, abort_above=1.0), WHO)
        self.jobs.append(plan.id)

    async def steer(self) -> None:
        jobs = redrives(self.house)
        verb = self.chance.choice([jobs.pause, jobs.resume, jobs.cancel])
        await verb(self.chance.choice(self.jobs or ["none"]), WHO, "tests")

    async def bin(self) -> None:
        found = redrives(self.house).bin
        found.at_once_max = self.chance.choice([0, 1_000])
        if self.chance.random() < 0.5:
            plan = await plan_all(self.house, PlanRequest("discard"))
            await found.discard(plan.id, plan.count, WHO, "tests")
        else:
            await found.restore((await plan_all(self.house, PlanRequest("restore"))).id, WHO)

    async def wait(self) -> None:
        await asyncio.sleep(self.chance.choice([0.0, 0.01, 0.1, 1.0, 5.0]))

    async def crash(self) -> None:
        await self.house.crash()
        await self.house.start(trigger("t"), trigger("u"))
        self._listen()


@pytest.mark.parametrize("_", range(8))
async def test_whatever_is_done_to_them_each_counts_what_it_sent(_: int) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    walk = Walk(await house_with(LETTERS, "t", "u"), random.Random(seed))
    house = walk.house

    for _ in range(STEPS):
        await walk.step()
        assert not walk.defects
    for name in walk.jobs:
        with suppress(HeadraceError):
            await redrives(house).resume(name, WHO)
    await house.until(
        lambda: bool(walk.defects) or all(job_of(house, one).ended_at for one in walk.jobs)
    )

    assert not walk.defects
    for job in (job_of(house, one) for one in walk.jobs):
        tally = job.tally
        assert tally.started == tally.delivered + tally.failed_again + tally.other, job
        assert job.count == tally.started + job.refused + job.left, job
    states = [one.state for one in await house.dead_letters()]
    assert len(states) == 2 * LETTERS
    assert DeadState.REDRIVING not in states
    await house.end()
