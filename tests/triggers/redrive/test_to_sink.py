"""Redrives to another sink: who takes them, who fails again, and what is left after any end."""

import pytest

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass
from broker.errors import Invalid
from broker.storage.rows import DeadState
from tests.scenarios.house import House
from tests.triggers.redrive.elsewhere_house import (
    OTHER,
    TO_SINK,
    HouseReach,
    begin,
    house_elsewhere,
    restart,
)
from tests.triggers.redrive.jobs_house import BROKEN, REFUSED, WHO, ended, job_of, redrives, take
from triggers.redrive import Aim, Options, PlanRequest, State

GONE = Failed(OutcomeClass.CONFIG, "HTTP 410", status=410, pause=True)


async def ready(count: int = 3) -> House:
    house = await house_elsewhere(count)
    house.answers(OTHER, take)
    return house


async def test_they_go_to_the_other_sink_and_to_nobody_else() -> None:
    house = await ready()

    job = await begin(house, TO_SINK)
    done = await ended(house, job.id)

    assert (sorted(house.ids(OTHER)), house.ids("t")) == (["0", "1", "2"], [])
    assert (done.tally.delivered, done.state) == (3, State.DONE)
    letters = await house.dead_letters()
    assert {one.state for one in letters} == {DeadState.DELIVERED}
    assert {one.moved_reason for one in letters} == {f"delivered to {house.sinks[OTHER].name}"}
    await house.end()


async def test_to_the_sink_it_is_the_delivery_of_the_trigger_redriven_once() -> None:
    house = await ready(1)

    await ended(house, (await begin(house, TO_SINK)).id)

    (delivery,) = house.sinks[OTHER].deliveries
    assert (delivery.trigger, delivery.step) == ("default/t", "deliver")
    assert delivery.event.attributes["headraceredrive"] == "1"
    await house.end()


async def test_it_counts_for_the_trigger_as_any_redrive() -> None:
    house = await ready(2)

    await ended(house, (await begin(house, TO_SINK)).id)

    counts = house.counts()
    assert (counts.matched, counts.dead, counts.redelivered) == (2, 2, 2)
    await house.end()


async def test_what_fails_there_is_dead_again_and_its_attempt_says_where() -> None:
    house = await ready(1)
    house.answers(OTHER, lambda _: REFUSED)

    done = await ended(house, (await begin(house, TO_SINK)).id)

    (letter,) = await house.dead_letters()
    assert (done.tally.failed_again, letter.state) == (1, DeadState.DEAD)
    assert [one.sink for one in letter.attempts] == ["", house.sinks[OTHER].name]
    assert letter.place.trigger == "default/t"
    await house.end()


async def test_it_is_tried_there_as_often_as_the_trigger_says() -> None:
    house = await ready(1)
    house.answers(OTHER, [BROKEN, BROKEN, Delivered()])

    done = await ended(house, (await begin(house, TO_SINK)).id)

    assert (done.tally.delivered, len(house.ids(OTHER))) == (1, 3)
    await house.end()


async def test_a_trigger_that_is_paused_does_not_hold_them() -> None:
    house = await ready()
    await house.partition.steering.pause("default/t", WHO, "its sink is down")

    done = await ended(house, (await begin(house, TO_SINK)).id)

    assert done.tally.delivered == 3
    await house.end()


async def test_a_sink_that_says_gone_pauses_the_job_and_not_the_trigger() -> None:
    house = await ready(30)
    house.answers(OTHER, lambda _: GONE)

    job = await begin(house, TO_SINK, Options(5.0, abort_above=1.0))
    await house.until(lambda: job_of(house, job.id).state is State.PAUSED)

    assert job_of(house, job.id).why == "HTTP 410"
    assert not house.lane().is_paused
    await house.end()


async def test_a_second_redrive_goes_to_its_own_trigger_again() -> None:
    house = await ready(1)
    house.answers(OTHER, lambda _: REFUSED)
    await ended(house, (await begin(house, TO_SINK)).id)
    house.answers("t", take)

    done = await ended(house, (await begin(house, Aim())).id)

    assert (done.tally.delivered, house.ids("t")) == (1, ["0"])
    await house.end()


@pytest.mark.parametrize("aim", [TO_SINK, Aim(sink=f"http://{OTHER}")], ids=["name", "url"])
async def test_a_power_cut_leaves_each_in_one_place_and_the_job_goes_on(aim: Aim) -> None:
    house = await ready(20)
    tried: set[str] = set()

    def second(delivery: Delivery) -> Outcome:
        is_first = delivery.event.id not in tried
        tried.add(delivery.event.id)
        return BROKEN if is_first else Delivered()

    house.answers(OTHER, second)
    job = await begin(house, aim, Options(1_000.0, abort_above=1.0))
    await house.until(lambda: len(tried) > 5)
    await restart(house)
    done = await ended(house, job.id)

    assert (done.state, done.tally.delivered) == (State.DONE, 20)
    assert {one.state for one in await house.dead_letters()} == {DeadState.DELIVERED}
    assert house.ids("t") == []
    await house.end()


async def test_a_sink_that_is_gone_after_a_restart_leaves_them_dead() -> None:
    house = await ready(3)
    house.answers(OTHER, lambda _: BROKEN)
    job = await begin(house, TO_SINK, Options(abort_above=1.0))
    await house.until(lambda: len(house.ids(OTHER)) == 3)
    await house.partition.drain()
    house.reach = HouseReach(house)
    await restart(house)
    done = await ended(house, job.id)

    letters = await house.dead_letters()
    assert done.tally.failed_again == 3
    assert {(one.state, one.reason) for one in letters} == {(DeadState.DEAD, "config")}
    assert "there is no sink default/other" in letters[0].message
    await house.end()


async def test_nothing_is_left_of_a_job_that_has_ended() -> None:
    house = await ready(3)

    await ended(house, (await begin(house, TO_SINK)).id)

    assert redrives(house).ways.lanes() == []
    assert redrives(house).ways.sinks() == set()
    await house.end()


async def test_a_sink_that_nobody_has_is_refused_with_what_there_is() -> None:
    house = await ready(1)

    with pytest.raises(Invalid) as caught:
        await redrives(house).make_plan(PlanRequest("redrive", aim=Aim(sink="othr")), WHO)

    assert caught.value.code == "unknown-sink"
    assert "default/other" in str(caught.value.remedy)
    await house.end()


async def test_after_a_restart_without_the_trigger_what_was_under_way_is_dead() -> None:
    house = await ready(3)
    house.answers(OTHER, lambda _: BROKEN)
    job = await begin(house, TO_SINK, Options(abort_above=1.0))
    await house.until(lambda: len(house.ids(OTHER)) == 3)
    await house.partition.drain()

    await house.crash()
    await house.start()
    done = await ended(house, job.id)

    assert (done.tally.other, done.state) == (3, State.DONE)
    assert {one.state for one in await house.dead_letters()} == {DeadState.DEAD}
    await house.end()
