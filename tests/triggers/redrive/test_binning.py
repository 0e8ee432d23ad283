"""A discard of many goes on behind whoever asked for it, exactly once, through any end."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import StoreFailed
from broker.storage.rows import Checkpoint, DeadState
from tests.scenarios.house import House, trigger
from tests.triggers.redrive.jobs_house import WHO, house_with, plan_all, redrives
from tests.triggers.workshop import CountingLog
from triggers.redrive import Plan, PlanRequest
from triggers.redrive.plan import PAGE_IDS, Strand, decode, encode, page_after

MANY = 1_200  # three slices


async def many_dead() -> tuple[House, CountingLog, Plan]:
    """A plan to discard more than are discarded at once; what is written then is in `given`."""
    house = House()
    log = house.engine.log = CountingLog(house.engine.log)
    await house_with(MANY, house=house)
    redrives(house).bin.at_once_max = MANY - 1
    plan = await plan_all(house, PlanRequest("discard"))
    log.given.clear()
    return house, log, plan


def plan_of(house: House, id: str) -> Plan:
    return redrives(house).plans.known(id)


async def states(house: House) -> set[DeadState]:
    return {one.state for one in await house.dead_letters()}


def told(checkpoint: Checkpoint, id: str) -> Plan | None:
    """The plan as a checkpoint has it."""
    values = [one.value for one in checkpoint.records if one.key.endswith(id) and one.value]
    return decode(id, values[-1]) if values else None


async def test_a_discard_of_many_gives_back_before_it_is_through_and_goes_on() -> None:
    house, _, plan = await many_dead()

    begun, is_new = await redrives(house).bin.discard(plan.id, MANY, WHO, "tests")
    was_over = begun.is_over
    await house.until(lambda: plan_of(house, plan.id).is_over)

    done = plan_of(house, plan.id)
    assert (is_new, was_over) == (True, False)
    assert done.outcome is not None
    assert (done.outcome.moved, done.passed) == (MANY, MANY)
    assert await states(house) == {DeadState.DISCARDED}
    await house.end()


async def test_asked_again_while_it_goes_on_it_does_nothing_new() -> None:
    house, _, plan = await many_dead()
    await redrives(house).bin.discard(plan.id, MANY, WHO, "tests")

    again, is_new = await redrives(house).bin.discard(plan.id, MANY, "bob", "again")
    await house.until(lambda: plan_of(house, plan.id).is_over)

    acts = [(act.by, act.verb, act.count) for _, act in await house.engine.records.audit()]
    assert (is_new, again.acted_by) == (False, WHO)
    assert acts == [(WHO, "discard", MANY)]
    await house.end()


async def test_how_far_it_is_stands_in_the_checkpoint_of_its_moves() -> None:
    house, log, plan = await many_dead()

    await redrives(house).bin.discard(plan.id, MANY, WHO, "tests")
    await house.until(lambda: plan_of(house, plan.id).is_over)

    moved = 0
    for checkpoint in log.given:
        if checkpoint.moves:
            moved += len(checkpoint.moves)
            written = told(checkpoint, plan.id)
            assert written is not None
            assert (written.passed, written.outcome and written.outcome.moved) == (moved, moved)
    assert moved == MANY
    await house.end()


@pytest.mark.parametrize("passed", [0, 1, 500])
async def test_after_a_crash_it_goes_on_where_it_was(passed: int) -> None:
    house, _, plan = await many_dead()
    await redrives(house).bin.discard(plan.id, MANY, WHO, "tests")
    while plan_of(house, plan.id).passed < passed:
        await asyncio.sleep(0)  # of this loop: no time passes

    await house.crash()
    await house.start(trigger())
    was_over = plan_of(house, plan.id).is_over
    await house.until(lambda: plan_of(house, plan.id).is_over)

    acts = [act.verb for _, act in await house.engine.records.audit()]
    outcome = plan_of(house, plan.id).outcome
    assert not was_over
    assert outcome is not None
    assert (outcome.moved, outcome.refused_by, acts) == (MANY, {}, ["discard"])
    assert await states(house) == {DeadState.DISCARDED}
    await house.end()


async def test_a_store_that_fails_for_a_while_ends_nothing() -> None:
    house, log, plan = await many_dead()
    await redrives(house).bin.discard(plan.id, MANY, WHO, "tests")

    log.refusals += [StoreFailed("the disk is away")] * 200
    await house.until(lambda: plan_of(house, plan.id).is_over)

    outcome = plan_of(house, plan.id).outcome
    assert outcome is not None
    assert outcome.moved == MANY
    assert await states(house) == {DeadState.DISCARDED}
    await house.end()


async def test_what_few_have_waits_for_a_slice_of_what_many_have_and_not_for_all() -> None:
    house, _, many = await many_dead()
    ids = tuple(one.id for one in await house.dead_letters())[:3]
    few = await plan_all(house, PlanRequest("discard", ids=ids))
    await redrives(house).bin.discard(many.id, MANY, WHO, "tests")
    while not plan_of(house, many.id).passed:
        await asyncio.sleep(0)  # of this loop: no time passes

    done, _ = await redrives(house).bin.discard(few.id, 3, "bob", "mine")

    assert done.is_over
    assert plan_of(house, many.id).passed < MANY
    await house.end()


async def test_that_a_plan_is_over_is_told_once_it_is_on_disk() -> None:
    house, log, plan = await many_dead()
    redrives(house).bin.at_once_max = MANY
    log.refusals += [StoreFailed("the disk is away")] * 4
    acting = asyncio.create_task(redrives(house).bin.discard(plan.id, MANY, WHO, "tests"))

    await house.until(lambda: bool(log.given) and bool(log.given[-1].moves))
    passed = plan_of(house, plan.id).passed
    await acting

    assert passed == 0
    assert plan_of(house, plan.id).is_over
    await house.end()


async def test_what_somebody_else_discarded_meanwhile_is_counted_apart() -> None:
    house, _, plan = await many_dead()
    some = [one.id for one in await house.dead_letters()][:5]
    assert house.partition.desk is not None
    await house.partition.desk.discard(some, "bob", "mine")

    await redrives(house).bin.discard(plan.id, MANY, WHO, "tests")
    await house.until(lambda: plan_of(house, plan.id).is_over)

    outcome = plan_of(house, plan.id).outcome
    assert outcome is not None
    assert (outcome.moved, outcome.refused_by) == (MANY - 5, {"discarded": 5})
    await house.end()


async def test_a_plan_is_the_same_after_its_record() -> None:
    house, _, plan = await many_dead()
    begun, _ = await redrives(house).bin.discard(plan.id, MANY, WHO, "tests")

    assert decode(begun.id, encode(begun)) == begun
    await house.end()


@given(st.lists(st.integers(1, 3 * PAGE_IDS), min_size=1, max_size=4), st.data())
def test_the_next_id_is_found_behind_any_number(counts: list[int], data: st.DataObject) -> None:
    strands = [Strand(f"default/{number}", count) for number, count in enumerate(counts)]
    passed = data.draw(st.integers(0, sum(counts) - 1))

    strand, page, index = page_after(strands, passed)

    assert sum(counts[:strand]) + page * PAGE_IDS + index == passed
    assert page * PAGE_IDS + index < counts[strand]
