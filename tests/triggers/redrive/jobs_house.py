"""A house with dead letters, and what tests of redrive jobs ask of it."""

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from tests.scenarios.house import House, numbered, trigger
from triggers.redrive import Options, Plan, PlanRequest, RedriveJob, Redrives

REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
BROKEN = Failed(OutcomeClass.TRANSIENT, "HTTP 500", status=500)
WHO = "ann"


def refuse(_: Delivery) -> Outcome:
    return REFUSED


def take(_: Delivery) -> Outcome:
    return Delivered()


async def house_with(count: int, *names: str, house: House | None = None) -> House:
    """Each of the triggers `names` (t alone by default) has `count` dead letters, and is well."""
    house = house or House()
    for name in names or ("t",):
        house.answers(name, refuse)
    await house.start(*(trigger(name) for name in names or ("t",)))
    await house.publish(*(numbered(number) for number in range(count)))
    for name in names or ("t",):
        await house.settle(name)
        house.sinks[name].deliveries.clear()
        house.answers(name, take)
    return house


def redrives(house: House) -> Redrives:
    assert house.partition.redrives is not None
    return house.partition.redrives


async def plan_all(house: House, request: PlanRequest | None = None) -> Plan:
    return await redrives(house).make_plan(request or PlanRequest("redrive"), WHO)


async def begin(house: House, options: Options | None = None) -> RedriveJob:
    """A job of all dead letters."""
    plan = await plan_all(house)
    job, _ = await redrives(house).redrive(plan.id, options or Options(), WHO, "model is back")
    return job


def job_of(house: House, id: str) -> RedriveJob:
    job = redrives(house).find(id)
    assert job is not None
    return job


async def ended(house: House, id: str) -> RedriveJob:
    """The job, once it has ended and that is on disk."""
    await house.until(lambda: job_of(house, id).ended_at is not None)
    await house.partition.drain()
    return job_of(house, id)
