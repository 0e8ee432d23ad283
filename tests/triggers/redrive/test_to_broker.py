"""Redrives that publish again: everybody gets it, nobody twice, and it says where it stands."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from broker.codec import Limits
from broker.errors import Invalid
from broker.storage.rows import DeadState, Record
from tests.scenarios.house import House, numbered, trigger
from tests.triggers.redrive.elsewhere_house import (
    TO_BROKER,
    HouseReach,
    begin,
    house_elsewhere,
    restart,
)
from tests.triggers.redrive.jobs_house import WHO, ended, job_of, redrives, take
from triggers.redrive import Aim, Options, PlanRequest, State
from triggers.redrive.published import prefix_of


async def ready(count: int = 3) -> House:
    """Trigger t would take its dead letters now; u had nothing to do with them."""
    house = await house_elsewhere(count)
    house.answers("t", take)
    house.answers("u", take)
    await house.apply(trigger("t"), trigger("u"))
    return house


async def stored_by(house: House, job: str) -> Counter[str]:
    """How often each event stands in the log by a job."""
    page = await house.engine.log.read(0, 10_000, 1 << 30)
    return Counter(one.event.id for one in page if one.principal == f"redrive/{job}")


async def test_every_trigger_that_matches_gets_them_again() -> None:
    house = await ready()

    job = await begin(house, TO_BROKER)
    done = await ended(house, job.id)
    await house.settle("u")

    assert (done.state, done.tally.delivered, done.canary) == (State.DONE, 3, 0)
    assert sorted(house.ids("t")) == sorted(house.ids("u")) == ["0", "1", "2"]
    await house.end()


async def test_the_event_is_the_same_but_for_the_count() -> None:
    house = await ready(1)

    await ended(house, (await begin(house, TO_BROKER)).id)
    await house.settle("u")

    event = house.sinks["u"].deliveries[0].event
    assert dict(event.attributes) == {**numbered(0).attributes, "headraceredrive": "1"}
    assert event.data == b"x"
    await house.end()


async def test_each_says_where_it_stands_now() -> None:
    house = await ready(2)

    job = await begin(house, TO_BROKER)
    await ended(house, job.id)

    letters = await house.dead_letters()
    assert {one.state for one in letters} == {DeadState.DELIVERED}
    assert sorted(one.moved_reason for one in letters) == [
        f"published to default/default by redrive {job.id} as offset {offset}" for offset in (3, 4)
    ]
    await house.end()


async def test_no_record_is_left_of_it() -> None:
    house = await ready(3)

    job = await begin(house, TO_BROKER)
    await ended(house, job.id)
    await house.partition.drain()

    assert await house.engine.records.scan(prefix_of(job.id)) == []
    await house.end()


async def test_it_keeps_its_rate() -> None:
    house = await ready(100)
    began = house.clock.monotonic()

    await ended(house, (await begin(house, TO_BROKER, Options(20.0))).id)

    assert 4.5 <= house.clock.monotonic() - began <= 5.5
    await house.end()


async def test_a_cancelled_one_leaves_the_rest_as_it_was() -> None:
    house = await ready(50)
    job = await begin(house, TO_BROKER, Options(10.0))
    await house.until(lambda: job_of(house, job.id).tally.delivered >= 5)

    await redrives(house).pause(job.id, WHO)
    await redrives(house).cancel(job.id, WHO)
    done = await ended(house, job.id)

    states = Counter(one.state for one in await house.dead_letters())
    assert done.left > 0
    assert states == {
        DeadState.DELIVERED: done.tally.delivered,
        DeadState.DEAD: done.left,
    }
    assert sum((await stored_by(house, job.id)).values()) == done.tally.delivered
    await house.end()


async def test_one_cancelled_while_it_publishes_counts_what_is_stored() -> None:
    house = await ready(20)
    assert isinstance(house.reach, HouseReach)
    house.reach.is_slow = True
    job = await begin(house, TO_BROKER, Options(1_000.0))
    await asyncio.sleep(0.5)  # of this loop, which jumps

    await redrives(house).cancel(job.id, WHO)
    done = await ended(house, job.id)

    states = Counter(one.state for one in await house.dead_letters())
    assert (done.state, done.tally.delivered > 0) == (State.CANCELLED, True)
    assert states[DeadState.DELIVERED] == done.tally.delivered
    assert states[DeadState.DEAD] == done.left
    await house.end()


async def test_power_cuts_publish_none_twice_whatever_was_on_disk() -> None:
    house = await ready(200)
    job = await begin(house, TO_BROKER, Options(100.0))
    for cut in range(1, 9):
        await sent(house, job.id, 20 * cut)
        await restart(house)
    done = await ended(house, job.id)

    stored = await stored_by(house, job.id)
    assert (done.state, done.tally.delivered) == (State.DONE, 200)
    assert (len(stored), set(stored.values())) == (200, {1})
    await house.end()


async def test_what_was_published_before_the_power_went_is_counted_and_not_published_again() -> (
    None
):
    house = await ready(2)
    job = await begin(house, TO_BROKER, Options(0.1))
    await house.until(lambda: job_of(house, job.id).tally.delivered == 1)
    await redrives(house).pause(job.id, WHO)
    left = next(one for one in await house.dead_letters() if one.state is DeadState.DEAD)
    await store(house, Record(prefix_of(job.id) + left.id, b""))

    await restart(house)
    await redrives(house).resume(job.id, WHO)
    done = await ended(house, job.id)

    assert done.tally.delivered == 2
    assert left.event.id not in await stored_by(house, job.id)
    await house.end()


async def sent(house: House, job: str, count: int) -> None:
    await house.until(lambda: job_of(house, job).tally.started >= count)


async def store(house: House, record: Record) -> None:
    house.partition.ledger.records.append(record)
    await house.partition.drain()


async def test_two_dead_letters_of_one_event_publish_it_once() -> None:
    house = await house_elsewhere(0)
    for name in ("t", "u"):
        house.answers(name, house.sinks["t"].answer)
    await house.apply(trigger("t"), trigger("u"))
    await house.publish(numbered(7))
    await house.settle("t")
    await house.settle("u")

    job = await begin(house, TO_BROKER)
    done = await ended(house, job.id)

    assert done.tally.delivered == 2
    assert await stored_by(house, job.id) == {"7": 1}
    await house.end()


async def test_a_broker_that_takes_nothing_now_is_asked_again() -> None:
    house = await ready(6)
    house.intake.change(replace(house.intake.options, publish_rate_per_second=1.0))

    done = await ended(house, (await begin(house, TO_BROKER)).id)

    assert done.tally.delivered == 6
    assert set((await stored_by(house, done.id)).values()) == {1}
    assert any(name == "redrive.stalled" for name, _ in house.signals)
    await house.end()


@pytest.mark.parametrize(
    "limit", [{"hops_max": 0}, {"limits": Limits(event_bytes=10)}], ids=["hops", "size"]
)
async def test_an_event_that_the_broker_refuses_stays_where_it_is(limit: dict[str, Any]) -> None:
    house = await house_elsewhere(0)
    await house.publish(numbered(9, headracehops="1"))
    await house.settle()
    house.intake.change(replace(house.intake.options, **limit))

    done = await ended(house, (await begin(house, TO_BROKER)).id)

    assert done.refused_by == {"not-accepted": 1}
    assert [one.state for one in await house.dead_letters()] == [DeadState.DEAD]
    await house.end()


async def test_a_broker_that_is_gone_pauses_the_job() -> None:
    house = await ready(5)
    reach = house.reach
    assert isinstance(reach, HouseReach)
    job = await begin(house, TO_BROKER, Options(1.0))

    reach.is_broker_there = False
    await house.until(lambda: job_of(house, job.id).state is State.PAUSED)

    assert job_of(house, job.id).why == "there is no broker default/default any more"
    await house.end()


async def test_a_canary_is_refused() -> None:
    house = await ready(1)

    with pytest.raises(Invalid) as caught:
        await begin(house, TO_BROKER, Options(canary=1))

    assert caught.value.code == "bad-canary"
    await house.end()


async def test_a_broker_that_nobody_has_is_refused_with_what_there_is() -> None:
    house = await ready(1)

    with pytest.raises(Invalid) as caught:
        await redrives(house).make_plan(PlanRequest("redrive", aim=Aim(broker="mian")), WHO)

    assert caught.value.code == "unknown-broker"
    assert "default/default" in str(caught.value.remedy)
    await house.end()
