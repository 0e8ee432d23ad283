"""Plans: what is frozen in them and said of them, how long they last, and the bin."""

from datetime import timedelta

import pytest

from broker.delivery import Delivered
from broker.errors import Conflict, Invalid
from broker.storage.rows import DeadState
from tests.scenarios.house import House, numbered, trigger
from tests.triggers.redrive.jobs_house import (
    REFUSED,
    WHO,
    begin,
    ended,
    house_with,
    plan_all,
    redrives,
)
from triggers.redrive import Options, Plan, PlanRequest
from triggers.redrive.plans import PLANS_MAX
from triggers.where import parse_query


def codes(plan: Plan) -> list[str]:
    return [one.code for one in plan.warnings]


async def test_a_plan_counts_what_it_is_about() -> None:
    house = await house_with(4, "t", "u")
    query = parse_query("trigger = 'default/u'", house.clock.now())

    plan = await plan_all(house, PlanRequest("redrive", query))

    found = plan.breakdown
    assert (found.count, found.by_trigger, found.by_reason) == (
        4, {"default/u": 4}, {"refused": 4},
    )  # fmt: skip
    assert [(one.trigger, one.count) for one in found.by_group] == [("default/u", 4)]
    assert found.by_age == {"hour": 4, "day": 0, "week": 0, "older": 0}
    assert plan.seconds == 4 / 50
    await house.end()


async def test_a_plan_stays_as_it_was_made_whatever_dies_afterwards() -> None:
    house = await house_with(3)
    plan = await plan_all(house)
    house.answers("t", [REFUSED])
    await house.publish(numbered(99))
    await house.settle()
    house.sinks["t"].deliveries.clear()

    job, _ = await redrives(house).redrive(plan.id, Options(), WHO)
    await ended(house, job.id)

    assert sorted(house.ids()) == ["0", "1", "2"]
    await house.end()


async def test_a_plan_survives_a_crash_and_is_gone_after_an_hour() -> None:
    house = await house_with(3)
    plan = await plan_all(house)

    await house.crash()
    await house.start(trigger())
    kept = redrives(house).plans.find(plan.id)
    await house.until(lambda: house.clock.now() > plan.valid_until + timedelta(minutes=2))

    assert kept == plan
    with pytest.raises(Invalid, match="kept for an hour"):
        await redrives(house).redrive(plan.id, Options(), WHO)
    await house.partition.drain()
    assert not await house.engine.records.scan("desk/plan")
    await house.end()


async def test_the_oldest_plans_make_room() -> None:
    house = await house_with(1)
    first = await plan_all(house)

    for _ in range(PLANS_MAX):
        latest = await plan_all(house)

    assert redrives(house).plans.find(first.id) is None
    assert redrives(house).plans.find(latest.id) is not None
    await house.end()


async def test_exports_make_room_before_what_somebody_is_about_to_do() -> None:
    house = await house_with(1)
    first = await plan_all(house)

    for _ in range(PLANS_MAX):
        latest = await plan_all(house, PlanRequest("export"))

    assert redrives(house).plans.find(first.id) is not None
    assert redrives(house).plans.find(latest.id) is not None
    await house.end()


async def test_pages_of_a_plan_that_was_never_finished_are_swept() -> None:
    house = await house_with(1)
    plan = await plan_all(house)
    house.engine._state.records.pop(f"desk/plan/{plan.id}")

    await house.crash()
    await house.start(trigger())

    assert not await house.engine.records.scan("desk/plan")
    await house.end()


async def test_a_plan_warns_of_a_sink_that_failed_and_was_not_seen_well_since() -> None:
    house = await house_with(1)
    before = codes(await plan_all(house))

    await house.publish(*(numbered(number) for number in range(100, 120)))
    await house.settle()

    assert before == ["sink-failing"]
    assert codes(await plan_all(house)) == []
    await house.end()


async def test_a_plan_warns_of_triggers_that_are_paused_or_gone_or_filter_otherwise() -> None:
    house = await house_with(2, "t", "u", "v")
    v_now = trigger("v", filters=[{"exact": {"type": "other"}}])
    await house.apply(trigger("t"), v_now)
    await house.partition.steering.pause("default/t", "tests", "not now")

    plan = await plan_all(house)

    found = {(one.code, one.trigger) for one in plan.warnings}
    assert found >= {
        ("trigger-paused", "default/t"),
        ("trigger-gone", "default/u"),
        ("filter-differs", "default/v"),
    }
    await house.end()


async def test_a_plan_warns_of_what_failed_again_and_of_what_expires() -> None:
    house = House()
    house.expiring_before = lambda: house.clock.now() + timedelta(hours=1)
    house.answers("t", lambda _: REFUSED)
    await house.start(trigger())
    await house.publish(numbered(1), numbered(2))
    await house.settle()

    await ended(house, (await begin(house)).id)
    plan = await plan_all(house)

    counts = {one.code: one.count for one in plan.warnings}
    assert (counts["failed-before"], counts["expiring"]) == (2, 2)
    await house.end()


async def test_a_discard_takes_the_count_and_happens_once() -> None:
    house = await house_with(3)
    plan = await plan_all(house, PlanRequest("discard"))

    with pytest.raises(Conflict, match="about 3 dead letters, not 2"):
        await redrives(house).bin.discard(plan.id, 2, WHO, "not wanted")
    done, is_new = await redrives(house).bin.discard(plan.id, 3, WHO, "not wanted")
    again, is_new_again = await redrives(house).bin.discard(plan.id, 3, WHO, "not wanted")

    assert (is_new, is_new_again, again) == (True, False, done)
    assert done.outcome is not None
    assert done.outcome.moved == 3
    assert {one.state for one in await house.dead_letters()} == {DeadState.DISCARDED}
    await house.end()


async def test_a_restore_takes_them_out_of_the_bin_again() -> None:
    house = await house_with(3)
    plan = await plan_all(house, PlanRequest("discard"))
    await redrives(house).bin.discard(plan.id, 3, WHO, "not wanted")

    back = await plan_all(house, PlanRequest("restore"))
    done, _ = await redrives(house).bin.restore(back.id, WHO)

    assert done.outcome is not None
    assert done.outcome.moved == 3
    assert {one.state for one in await house.dead_letters()} == {DeadState.DEAD}
    acts = [(act.verb, act.detail, act.count) for _, act in await house.engine.records.audit()]
    assert acts == [("restore", f"plan {back.id}", 3), ("discard", f"plan {plan.id}", 3)]
    await house.end()


async def test_a_plan_is_for_its_verb_only() -> None:
    house = await house_with(1)
    plan = await plan_all(house, PlanRequest("discard"))

    with pytest.raises(Invalid, match="to discard, not to redrive"):
        await redrives(house).redrive(plan.id, Options(), WHO)

    await house.end()


async def test_letters_of_an_ordered_trigger_are_planned_by_offset_after_a_redrive() -> None:
    house = House()
    house.answers("t", lambda _: REFUSED)
    await house.start(trigger(order_by="partitionkey"))
    await house.publish(*(numbered(number, partitionkey="a") for number in range(3)))
    await house.settle()
    first = next(one for one in await house.dead_letters() if one.event.id == "0")
    assert house.partition.desk is not None
    await house.partition.desk.redrive([first.id], WHO)
    await house.settle()
    house.sinks["t"].deliveries.clear()
    house.answers("t", lambda _: Delivered())

    await ended(house, (await begin(house)).id)

    assert house.ids() == ["0", "1", "2"]
    await house.end()
