"""Redrive jobs: their pace, their canary, their valve, and what is left after any end."""

import asyncio
from dataclasses import replace

import pytest

from broker.delivery import Delivered, Delivery, Outcome
from broker.errors import Conflict, Invalid, Unavailable
from broker.storage.rows import Checkpoint, DeadState, Move
from tests.scenarios.house import House, numbered, trigger
from tests.triggers.redrive.jobs_house import (
    BROKEN,
    REFUSED,
    WHO,
    begin,
    ended,
    house_with,
    job_of,
    plan_all,
    redrives,
)
from tests.triggers.workshop import CountingLog
from triggers.redrive import Options, PlanRequest, State
from triggers.redrive.job import PREFIX, decode, encode


async def states(house: House) -> list[DeadState]:
    return [letter.state for letter in await house.dead_letters()]


async def test_a_job_delivers_what_its_plan_names_and_nothing_else() -> None:
    house = await house_with(5)
    letters = await house.dead_letters()
    wanted = [letter for letter in letters if letter.event.id in ("1", "3")]
    asked = PlanRequest("redrive", ids=tuple(letter.id for letter in wanted))

    plan = await plan_all(house, asked)
    job, _ = await redrives(house).redrive(plan.id, Options(), WHO)
    done = await ended(house, job.id)

    assert house.ids() == ["1", "3"], "oldest first"
    assert (done.state, done.tally.delivered, done.left) == (State.DONE, 2, 0)
    assert sorted(await states(house)) == [DeadState.DEAD] * 3 + [DeadState.DELIVERED] * 2
    await house.end()


async def test_acting_on_a_plan_again_gives_the_same_job() -> None:
    house = await house_with(3)
    plan = await plan_all(house)

    first, is_new = await redrives(house).redrive(plan.id, Options(), WHO)
    await ended(house, first.id)
    again, is_new_again = await redrives(house).redrive(plan.id, Options(), WHO)
    await house.settle()

    assert (is_new, is_new_again, again.id) == (True, False, first.id)
    assert sorted(house.ids()) == ["0", "1", "2"]
    await house.end()


@pytest.mark.parametrize(
    ("rate", "count"), [(5.0, 400), (50.0, 400), (200.0, 400), (1_000.0, 2_000)]
)
async def test_a_job_keeps_its_rate(rate: float, count: int) -> None:
    house = await house_with(count)
    began = house.clock.monotonic()

    job = await begin(house, Options(rate, canary=0))
    await ended(house, job.id)

    assert count / rate * 0.9 <= house.clock.monotonic() - began <= count / rate * 1.1
    await house.end()


async def test_a_job_takes_a_quarter_of_the_slots_at_most() -> None:
    house = await house_with(100)
    house.sinks["t"].delay_seconds = 1.0
    most = 0

    job = await begin(house, Options(1_000.0))
    while job_of(house, job.id).left:
        most = max(most, house.lane().in_flight)
        await asyncio.sleep(0.01)  # of this loop, which jumps

    assert most == house.lane().spec.calls_max // 4
    await house.end()


async def test_a_canary_that_fails_leaves_the_rest_as_it_was() -> None:
    house = await house_with(150)
    house.answers("t", lambda _: REFUSED)

    job = await begin(house)
    done = await ended(house, job.id)

    assert done.state is State.ABORTED
    assert done.tally.failed_again == 3
    assert "20 %" in done.why
    assert done.tally.started <= 10
    assert set(await states(house)) == {DeadState.DEAD}
    await house.end()


async def test_first_attempts_decide_though_later_ones_are_taken() -> None:
    house = await house_with(150)
    tried = set[str]()

    def second(delivery: Delivery) -> Outcome:
        is_first = delivery.event.id not in tried
        tried.add(delivery.event.id)
        return BROKEN if is_first else Delivered()

    house.answers("t", second)

    job = await begin(house)
    done = await ended(house, job.id)

    assert (done.state, done.tally.failed_again) == (State.ABORTED, 0)
    assert done.tally.delivered == done.tally.started, "what was under way ends by itself"
    await house.end()


async def test_a_sink_that_breaks_after_the_canary_is_noticed() -> None:
    house = await house_with(300)
    house.answers("t", lambda _: REFUSED if len(house.sinks["t"].deliveries) > 100 else Delivered())

    job = await begin(house)
    done = await ended(house, job.id)

    assert done.state is State.ABORTED
    assert done.tally.delivered >= 100
    assert done.left > 100
    await house.end()


async def test_a_paused_job_sends_nothing_until_it_is_resumed() -> None:
    house = await house_with(60)
    job = await begin(house)
    await house.until(lambda: len(house.ids()) >= 20)

    await redrives(house).pause(job.id, WHO, "lunch")
    await house.settle()
    sent = len(house.ids())
    await house.until(lambda: house.clock.monotonic() > 1_060)

    assert (job_of(house, job.id).state, len(house.ids())) == (State.PAUSED, sent)
    await redrives(house).resume(job.id, WHO)
    assert (await ended(house, job.id)).tally.delivered == 60
    await house.end()


async def test_who_pauses_what_is_paused_is_answered_once_that_is_on_disk() -> None:
    house = House()
    log = house.engine.log = CountingLog(house.engine.log)
    job = await begin(await house_with(60, house=house))
    log.refusals += [Unavailable("the disk is slow")] * 4
    first = asyncio.create_task(redrives(house).pause(job.id, WHO, "lunch"))
    await house.until(lambda: job_of(house, job.id).state is State.PAUSED)

    await redrives(house).pause(job.id, "bob", "lunch")

    assert not log.refusals
    assert (await first).state is State.PAUSED
    await house.end()


async def test_a_cancelled_job_leaves_the_rest_dead() -> None:
    house = await house_with(60)
    job = await begin(house)
    await house.until(lambda: len(house.ids()) >= 20)

    await redrives(house).cancel(job.id, WHO, "wrong model")
    done = await ended(house, job.id)

    assert (done.state, done.why) == (State.CANCELLED, "wrong model")
    assert done.tally.delivered == done.tally.started == len(house.ids())
    assert (await states(house)).count(DeadState.DEAD) == done.left
    with pytest.raises(Conflict, match="cannot be resumed"):
        await redrives(house).resume(job.id, WHO)
    await house.end()


async def test_a_job_goes_on_after_a_crash() -> None:
    house = await house_with(200)
    job = await begin(house)
    await house.until(lambda: len(house.ids()) >= 50)

    await house.crash()
    await house.start(trigger())
    done = await ended(house, job.id)

    assert (done.state, done.tally.delivered, done.tally.failed_again) == (State.DONE, 200, 0)
    assert set(house.ids()) == {str(number) for number in range(200)}
    await house.end()


async def test_a_job_is_written_in_the_checkpoints_of_the_moves_that_it_counts() -> None:
    house = House()
    log = house.engine.log = CountingLog(house.engine.log)
    await house_with(120, house=house)
    house.answers("t", lambda one: REFUSED if int(one.event.id) % 10 == 0 else Delivered())

    job = await begin(house, Options(1_000.0))
    done = await ended(house, job.id)

    assert done.tally.failed_again == 12
    started = delivered = dead = 0
    for checkpoint in log.given:
        started += len(moved_to(checkpoint, DeadState.REDRIVING))
        delivered += len(moved_to(checkpoint, DeadState.DELIVERED))
        dead += sum(letter.redrives > 0 for letter in checkpoint.dead_letters)
        written = [one.value for one in checkpoint.records if one.key == PREFIX + job.id]
        for tally in (decode(job.id, value).tally for value in written if value):
            counted = (tally.started, tally.delivered, tally.failed_again)
            assert counted == (started, delivered, dead)
    await house.end()


async def test_that_a_job_has_ended_is_told_once_it_is_on_disk() -> None:
    house = House()
    log = house.engine.log = CountingLog(house.engine.log)
    await house_with(1, house=house)
    job = await begin(house)
    await house.until(lambda: bool(house.ids()))
    log.refusals += [Unavailable("the disk is slow")] * 4

    await house.until(lambda: bool(moved_to(log.given[-1], DeadState.DELIVERED)))
    told = job_of(house, job.id)

    assert told.tally.delivered == 1
    assert (told.state, told.ended_at) == (State.RUNNING, None)
    assert (await ended(house, job.id)).state is State.DONE
    await house.end()


def moved_to(checkpoint: Checkpoint, state: DeadState) -> list[Move]:
    return [move for move in checkpoint.moves if move.to_state is state]


async def test_what_failed_again_is_listed_with_its_group() -> None:
    house = await house_with(50)
    house.answers("t", lambda one: REFUSED if int(one.event.id) % 10 == 0 else Delivered())

    job = await begin(house)
    done = await ended(house, job.id)
    found = await redrives(house).failed(job.id, 0, 100)

    dead = {one.id for one in await house.dead_letters() if one.state is DeadState.DEAD}
    assert {letter for letter, _ in found} == dead
    assert len(dead) == 5
    assert done.failed_by_group == {found[0][1]: 5}
    await house.end()


async def test_a_paused_trigger_does_not_keep_another_from_its_letters() -> None:
    house = await house_with(20, "t", "u")
    await house.partition.steering.pause("default/u", "tests", "not now")

    job = await begin(house)
    await house.until(lambda: len(house.ids("t")) == 20)

    assert (house.ids("u"), job_of(house, job.id).left) == ([], 20)
    await house.partition.steering.resume("default/u", "tests")
    assert (await ended(house, job.id)).tally.delivered == 40
    await house.end()


async def test_letters_of_a_trigger_that_is_gone_are_refused_and_stay() -> None:
    house = await house_with(5)
    plan = await plan_all(house)
    await house.apply()

    job, _ = await redrives(house).redrive(plan.id, Options(), WHO)
    done = await ended(house, job.id)

    assert (done.refused_by, done.tally.started) == ({"trigger-gone": 5}, 0)
    assert set(await states(house)) == {DeadState.DEAD}
    await house.end()


async def test_letters_of_an_ordered_trigger_go_one_by_one_of_a_key() -> None:
    house = House()
    ordered = trigger(order_by="partitionkey")
    house.answers("t", lambda _: REFUSED)
    await house.start(ordered)
    await house.publish(*(numbered(n, partitionkey="ab"[n % 2]) for n in range(40)))
    await house.settle()
    house.sinks["t"].deliveries.clear()
    house.answers("t", lambda _: Delivered())

    job = await begin(house)
    await ended(house, job.id)

    of_a = [int(one) for one in house.ids() if int(one) % 2 == 0]
    assert of_a == sorted(of_a)
    assert len(house.ids()) == 40
    await house.end()


async def test_a_job_says_at_its_beginning_and_its_verbs_who_and_why() -> None:
    house = await house_with(60)
    job = await begin(house)
    await redrives(house).pause(job.id, WHO, "lunch")
    await redrives(house).cancel(job.id, "bob", "enough")
    await ended(house, job.id)

    acts = [act for _, act in await house.engine.records.audit()]

    told = [(act.verb, act.by, act.reason, act.count) for act in acts]
    assert told[::-1] == [
        ("redrive", WHO, "model is back", 60),
        ("redrive.pause", WHO, "lunch", 0),
        ("redrive.cancel", "bob", "enough", 0),
    ]
    assert all(act.detail == f"plan {job.id}" for act in acts)
    await house.end()


async def test_an_event_tells_of_the_end_of_a_job() -> None:
    house = House()
    house.expiring_before = lambda: None
    house.answers("t", [REFUSED])
    told = {"type": "dev.headrace.system.redrive.finished"}
    await house.start(trigger(), trigger("alarm", filters=[{"exact": told}]))
    await house.publish(numbered(1))
    await house.settle()

    job = await begin(house)
    await house.until(lambda: bool(house.sinks["alarm"].deliveries))

    (alarm,) = house.sinks["alarm"].deliveries
    assert alarm.event.attributes["subject"] == job.id
    await house.end()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (Options(rate_per_second=0.0), "bad-rate"),
        (Options(canary=1_001), "bad-canary"),
        (Options(abort_above=1.5), "bad-abort"),
    ],
)
async def test_options_that_make_no_sense_are_refused(options: Options, code: str) -> None:
    house = await house_with(1)
    plan = await plan_all(house)

    with pytest.raises(Invalid) as refused:
        await redrives(house).redrive(plan.id, options, WHO)

    assert refused.value.code == code
    await house.end()


async def test_a_job_is_the_same_after_its_record() -> None:
    house = await house_with(30)
    house.sinks["t"].delay_seconds = 1.0
    job = await begin(house)
    await house.until(lambda: bool(job_of(house, job.id).waiting))

    now = replace(job_of(house, job.id), firsts="..F")

    assert now.waiting
    assert decode(now.id, encode(now)) == now
    await house.end()


async def test_all_that_failed_again_is_listed_over_pages_and_a_crash() -> None:
    house = await house_with(450)
    house.answers("t", lambda _: REFUSED)
    job = await begin(house, Options(1_000.0, abort_above=1.0))
    await house.until(lambda: job_of(house, job.id).tally.failed_again >= 230)

    await house.crash()
    await house.start(trigger())
    await ended(house, job.id)
    found = await redrives(house).failed(job.id, 0, 1_000)

    dead = {one.id for one in await house.dead_letters()}
    assert len(found) == 450
    assert {letter for letter, _ in found} == dead
    await house.end()
