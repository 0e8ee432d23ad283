"""Redrives under random plans, answers, verbs and crashes: nothing lost, doubled or beside."""

import random
from collections import Counter

import pytest

from broker.delivery import Delivered, Delivery, Outcome
from broker.storage.rows import DeadState
from tests.scenarios.house import House, trigger
from tests.triggers.redrive.jobs_house import (
    BROKEN,
    REFUSED,
    WHO,
    ended,
    house_with,
    job_of,
    redrives,
)
from triggers.redrive import Options, Plan, PlanRequest, RedriveJob, State

LETTERS = 120
NAMES = ("t", "u")
RETRIES = {"retry": 2, "backoff_delay_seconds": 0.5}


class Morning:
    """Dead letters of two triggers, whose sinks answer as `chance` has it."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.chance = random.Random(seed)
        self.failing = self.chance.choice([0.0, 0.1, 0.3, 0.6])
        self.taken: Counter[str] = Counter()  # what a sink took, by trigger and id
        self.sent: list[float] = []
        for name in NAMES:
            house.answers(name, self._answer)

    def _answer(self, delivery: Delivery) -> Outcome:
        if delivery.attempt == 2:  # the first of a redrive
            self.sent.append(self.house.clock.monotonic())
        if self.chance.random() < self.failing:
            return self.chance.choice([REFUSED, BROKEN])
        self.taken[f"{delivery.trigger}/{delivery.event.id}"] += 1
        return Delivered()

    async def plan(self) -> tuple[Plan, set[str]]:
        """Some of all, by chance; and what a sink may see of it."""
        letters = await self.house.dead_letters()
        some = self.chance.sample(letters, self.chance.randint(1, len(letters)))
        asked = PlanRequest("redrive", ids=tuple(letter.id for letter in some))
        plan = await redrives(self.house).make_plan(asked, WHO)
        return plan, {f"{one.place.trigger}/{one.event.id}" for one in some}

    async def act(self, plan: Plan, options: Options) -> RedriveJob:
        for _ in range(self.chance.randint(1, 3)):
            job, _ = await redrives(self.house).redrive(plan.id, options, WHO)
        return job

    async def disturb(self, id: str) -> None:
        """Let some time pass, then crash, pause and resume, or act again."""
        until = self.house.clock.monotonic() + self.chance.uniform(0.0, 1.0)
        await self.house.until(lambda: self.house.clock.monotonic() >= until)
        what = self.chance.randrange(3)
        if what == 0:
            await self.house.crash()
            await self.house.start(*(trigger(name, policy=RETRIES) for name in NAMES))
        elif what == 1:
            await redrives(self.house).redrive(id, Options(), WHO)
        elif job_of(self.house, id).is_open:
            await redrives(self.house).pause(id, WHO)
            await redrives(self.house).resume(id, WHO)


@pytest.mark.parametrize("seed", range(12))
async def test_each_letter_is_in_one_place_whatever_happens(seed: int) -> None:
    print(f"seed {seed}")
    house = await house_with(LETTERS // 2, *NAMES)
    await house.apply(*(trigger(name, policy=RETRIES) for name in NAMES))
    morning = Morning(house, seed)
    plan, wanted = await morning.plan()
    options = Options(50.0, morning.chance.choice([None, 0, 5]), morning.chance.choice([0.2, 1.0]))

    job = await morning.act(plan, options)
    for _ in range(morning.chance.randint(0, 5)):
        await morning.disturb(job.id)
    done = await ended(house, job.id)

    letters = await house.dead_letters()
    states = Counter(letter.state for letter in letters)
    delivered = {
        f"{one.place.trigger}/{one.event.id}" for one in letters if one.state is DeadState.DELIVERED
    }
    assert states.keys() <= {DeadState.DEAD, DeadState.DELIVERED}
    assert states.total() == LETTERS
    assert morning.taken.keys() <= wanted, "nothing outside the plan"
    assert delivered <= morning.taken.keys()
    assert done.tally.delivered == len(delivered)
    assert done.tally.started == done.tally.delivered + done.tally.failed_again
    assert done.left == plan.count - done.tally.started
    assert done.state is (State.DONE if not done.left else State.ABORTED)
    await house.end()


@pytest.mark.parametrize("seed", range(4))
async def test_the_rate_is_kept_through_crashes(seed: int) -> None:
    print(f"seed {seed}")
    house = await house_with(LETTERS // 2, *NAMES)
    morning = Morning(house, seed)
    morning.failing = 0.0
    plan = await redrives(house).make_plan(PlanRequest("redrive"), WHO)

    job = await morning.act(plan, Options(20.0, canary=0))
    for _ in range(5):
        await morning.disturb(job.id)
    await ended(house, job.id)

    busiest = max(sum(first <= at < first + 2.0 for at in morning.sent) for first in morning.sent)
    assert busiest <= 2.0 * 20.0 * 1.1 + 5, "with what each crash repeats"
    await house.end()
