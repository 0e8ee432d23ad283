"""Replays: what was stored is delivered again, and nothing of the trigger knows of it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Conflict, Invalid
from tests.scenarios.house import BEGINNING, House, numbered, trigger
from triggers.budget import MEMORY_BYTES_MAX
from triggers.queueing import QUEUE_EVENTS_ASSURED
from triggers.replay.job import ENDED, ReplayRequest, State, decode
from triggers.replay.progress import Progress
from triggers.replay.verbs import Replays

T = "default/t"


def replays(house: House) -> Replays:
    assert house.partition.replays is not None
    return house.partition.replays


def asked(
    first: int | datetime = 1, last: int | datetime | None = None, **facts: Any
) -> ReplayRequest:
    wanted: dict[str, Any] = {"rate_per_second": 1000.0, "id": "again"} | facts
    return ReplayRequest(T, first, last, **wanted)


async def begin(house: House, request: ReplayRequest) -> str:
    progress, _ = await replays(house).create(request, "somebody")
    return progress.job.id


def seen(house: House, job: str = "again") -> list[int]:
    """What the sink got from the job, in order."""
    step = f"replay/{job}"
    return [int(one.event.id) for one in house.sinks["t"].deliveries if one.step == step]


def look(house: House, job: str = "again") -> Progress:
    progress = replays(house).find(job)
    assert progress is not None
    return progress


async def ended(house: House, job: str = "again") -> Progress:
    await house.until(lambda: look(house, job).job.state in ENDED)
    await house.partition.drain()
    return look(house, job)


async def stored(house: House, events: int, *facts: Any, **more: Any) -> None:
    """`events` are stored and delivered once."""
    await house.start(trigger(**more))
    await house.publish(*(numbered(number) for number in range(1, events + 1)))
    await house.settle()


async def test_a_replay_delivers_the_range_again_in_its_order(house: House) -> None:
    await stored(house, 30)

    await begin(house, asked(11, 20))
    progress = await ended(house)

    assert seen(house) == list(range(11, 21))
    assert progress.job.state is State.FINISHED
    assert (progress.tally.matched, progress.tally.delivered) == (10, 10)
    assert progress.passed == progress.job.events == 10


async def test_only_what_the_present_filter_and_the_asked_one_match_is_replayed(
    house: House,
) -> None:
    await house.start(trigger(filters=[{"exact": {"type": "t"}}]))
    for number in range(1, 21):
        await house.publish(numbered(number, type="t" if number % 2 else "other"))
    await house.settle()

    await begin(house, asked(cesql="INT(id) > 10"))
    await ended(house)

    assert seen(house) == [11, 13, 15, 17, 19]


async def test_a_replay_leaves_the_cursor_and_the_counts_of_its_trigger_alone(
    house: House,
) -> None:
    await stored(house, 20)
    before, cursor = house.counts(), house.lane().cursor()

    await begin(house, asked())
    await ended(house)

    assert house.counts() == before
    assert house.lane().cursor() == cursor
    await house.crash()
    await house.start(trigger())
    assert house.counts() == before


async def test_times_name_what_was_stored_from_then_until_then(house: House) -> None:
    await house.start(trigger())
    for number in range(1, 7):
        await house.publish(numbered(number))
        await asyncio.sleep(10.0)

    await begin(
        house,
        asked(BEGINNING + timedelta(seconds=5), BEGINNING + timedelta(seconds=25)),
    )
    await ended(house)

    assert seen(house) == [2, 3]


async def test_a_replayed_delivery_has_an_id_of_its_own_and_is_marked(house: House) -> None:
    await stored(house, 1)

    await begin(house, asked())
    await ended(house)

    first, again = house.sinks["t"].deliveries
    assert again.id == f"{first.id}/replay/again"
    assert again.trigger == first.trigger
    assert again.event.attributes == {**first.event.attributes, "headracereplay": "again"}


async def test_the_rate_is_kept_within_a_tenth(house: House) -> None:
    await stored(house, 500)

    await begin(house, asked(rate_per_second=50.0))
    began = house.clock.monotonic()
    await ended(house)

    seconds = house.clock.monotonic() - began
    assert 9.0 < seconds < 11.0


async def test_a_replay_takes_at_most_a_quarter_of_the_slots_and_never_more_than_all(
    house: House,
) -> None:
    await stored(house, 200, max_in_flight=8)
    house.sinks["t"].delay_seconds = 1.0
    await begin(house, asked())
    lane, job = house.lane(), replays(house).jobs.lanes["again"]
    most_of_job = most = 0

    await house.publish(*(numbered(number) for number in range(201, 401)))
    while look(house).job.state not in ENDED:
        await asyncio.sleep(0.1)
        most_of_job = max(most_of_job, job.in_flight)
        most = max(most, job.in_flight + lane.in_flight)

    assert most_of_job == 2
    assert most == 8
    await house.settle()
    assert lane.max_in_flight == 8


async def test_a_trigger_with_one_slot_and_its_replay_take_turns(house: House) -> None:
    await stored(house, 5, max_in_flight=1)
    house.sinks["t"].delay_seconds = 1.0
    await house.publish(*(numbered(number) for number in range(6, 26)))
    began = house.clock.monotonic()

    await begin(house, asked(1, 5))
    await ended(house)

    assert house.clock.monotonic() - began < 15.0
    await house.settle()
    assert seen(house) == [1, 2, 3, 4, 5]


async def test_a_paused_replay_begins_nothing_until_it_is_resumed(house: House) -> None:
    await stored(house, 100)
    await begin(house, asked(rate_per_second=10.0))
    await house.until(lambda: len(seen(house)) == 20)

    _, paused = await replays(house).pause("again", "somebody", "lunch")
    _, again = await replays(house).pause("again", "somebody", "lunch")
    await asyncio.sleep(3600)
    at_rest = len(seen(house))
    await replays(house).resume("again", "somebody")
    await ended(house)

    assert (paused, again) == (True, False)
    assert at_rest == 20
    assert seen(house) == list(range(1, 101))


async def test_a_pause_survives_a_restart(house: House) -> None:
    await stored(house, 10)
    await begin(house, asked(rate_per_second=1.0))
    await house.until(lambda: len(seen(house)) == 3)
    await replays(house).pause("again", "somebody")

    await house.crash()
    await house.start(trigger())
    await asyncio.sleep(3600)

    assert look(house).job.state is State.PAUSED
    assert len(seen(house)) == 3


async def test_a_cancelled_replay_takes_back_what_it_parked(house: House) -> None:
    await stored(house, 20, policy={"backoff_delay_seconds": 600.0})
    house.answers("t", lambda _: Failed(OutcomeClass.TRANSIENT, "no answer"))
    await begin(house, asked())
    await house.until(lambda: look(house).parked == 20)

    await replays(house).cancel("again", "somebody", "enough")
    progress = await ended(house)

    assert progress.job.state is State.CANCELLED
    assert (progress.tally.matched, progress.tally.discarded) == (20, 20)
    beyond = house.clock.now() + timedelta(days=9)
    rows, _ = await house.engine.log.due(progress.job.lane_name, beyond, 100)
    assert list(rows) == []


async def test_what_fails_is_retried_and_then_a_dead_letter_of_the_trigger(house: House) -> None:
    await stored(house, 6, policy={"retry": 2})
    house.answers("t", odd_ones_fail)

    await begin(house, asked())
    progress = await ended(house)

    letters = await house.dead_letters()
    assert sorted(letter.place.offset for letter in letters) == [1, 3, 5]
    assert {(one.place.trigger, one.place.step) for one in letters} == {(T, "replay/again")}
    assert {letter.attempt_count for letter in letters} == {3}
    assert "headracereplay" not in letters[0].event.attributes
    assert (progress.tally.delivered, progress.tally.dead) == (3, 3)
    assert house.counts().dead == 0


def odd_ones_fail(delivery: Delivery) -> Outcome:
    if int(delivery.event.id) % 2:
        return Failed(OutcomeClass.TRANSIENT, "HTTP 500", 500)
    return Delivered()


async def test_a_replayed_reply_is_appended_as_one_of_its_own(house: House) -> None:
    house.answers("t", lambda one: Delivered(numbered(int(one.event.id) + 100, type="answer")))
    await stored(house, 3, filters=[{"exact": {"type": "t"}}])

    await begin(house, asked())
    await ended(house)

    found = await house.engine.log.read(0, 100, 1 << 20)
    answers = [one for one in found if one.cause is not None]
    assert sorted(one.event.id for one in answers) == ["101", "101", "102", "102", "103", "103"]
    assert {one.cause.trigger for one in answers if one.cause is not None} == {T}


async def test_an_ordered_trigger_is_replayed_one_at_a_time_per_key(house: House) -> None:
    await house.start(trigger(order_by="partitionkey", policy={"backoff_delay_seconds": 60.0}))
    await house.publish(*(numbered(n, partitionkey="ab"[n % 2]) for n in range(1, 11)))
    await house.settle()
    refused = iter([Failed(OutcomeClass.TRANSIENT, "HTTP 500", 500)])
    house.answers(
        "t", lambda one: next(refused, Delivered()) if one.event.id == "1" else Delivered()
    )

    await begin(house, asked())
    await ended(house)

    assert [n for n in seen(house) if n % 2 == 0] == [2, 4, 6, 8, 10]
    assert [n for n in seen(house) if n % 2] == [1, 1, 3, 5, 7, 9]
    assert seen(house).index(3) > seen(house).index(10)


async def test_in_order_the_next_begins_only_when_the_one_before_has_settled(house: House) -> None:
    await stored(house, 6, policy={"backoff_delay_seconds": 60.0})
    refused = iter([Failed(OutcomeClass.TRANSIENT, "HTTP 500", 500)])
    house.answers(
        "t", lambda one: next(refused, Delivered()) if one.event.id == "3" else Delivered()
    )

    await begin(house, asked(in_order=True))
    await ended(house)

    assert seen(house) == [1, 2, 3, 3, 4, 5, 6]


async def test_asking_twice_with_one_id_makes_one_job(house: House) -> None:
    await stored(house, 5)

    _, first = await replays(house).create(asked(), "somebody")
    _, second = await replays(house).create(asked(), "somebody")
    await ended(house)
    _, third = await replays(house).create(asked(), "somebody")

    assert (first, second, third) == (True, False, False)
    assert seen(house) == [1, 2, 3, 4, 5]
    with pytest.raises(Conflict):
        await replays(house).create(asked(2), "somebody")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (ReplayRequest("default/none", 1), "unknown-trigger"),
        (asked(rate_per_second=0.0), "bad-rate"),
        (asked(id="A b"), "bad-job-id"),
        (asked(99), "bad-range"),
        (asked(to_sink="http://elsewhere/"), "no-sink"),
    ],
)
async def test_what_cannot_be_replayed_is_refused_and_leaves_nothing(
    house: House, request_: ReplayRequest, code: str
) -> None:
    await stored(house, 3)

    with pytest.raises(Invalid) as refused:
        await replays(house).create(request_, "somebody")

    assert refused.value.code == code
    assert replays(house).all() == []
    assert house.partition.lowest_needed() == 4


async def test_an_answer_that_asks_to_stop_pauses_the_job_and_not_the_trigger(house: House) -> None:
    await stored(house, 3)
    gone = Failed(OutcomeClass.CONFIG, "HTTP 410", 410, reason=Reason.REFUSED, pause=True)
    house.answers("t", [gone])

    await begin(house, asked(rate_per_second=1.0))
    await house.until(lambda: look(house).job.state is State.PAUSED)

    assert look(house).job.why == "HTTP 410"
    assert not house.lane().is_paused


async def test_retention_waits_for_a_replay_as_long_as_the_log_may_grow(house: House) -> None:
    await stored(house, 50)
    await begin(house, asked(rate_per_second=1.0))
    await replays(house).pause("again", "somebody")
    await house.partition.drain()
    held = house.partition.lowest_needed()

    await replays(house).give_up(20)
    progress = await ended(house)

    assert held <= 2
    assert progress.job.state is State.FAILED
    assert "maxBacklogBytes" in progress.job.why
    assert house.partition.lowest_needed() == 51


async def test_a_job_whose_trigger_is_gone_fails_at_the_next_start(house: House) -> None:
    await stored(house, 10, policy={"backoff_delay_seconds": 600.0})
    house.answers("t", lambda _: Failed(OutcomeClass.TRANSIENT, "no answer"))
    await begin(house, asked())
    await house.until(lambda: look(house).parked == 10)
    await house.stop()

    await house.crash()
    house.finishes = False
    await house.start(trigger("other"))

    progress = look(house)
    assert progress.job.state is State.FAILED
    assert progress.tally.matched == progress.tally.discarded == 10
    assert house.partition.lowest_needed() == 11


@pytest.mark.parametrize("milliseconds", range(1, 400, 19))
async def test_whenever_it_dies_a_replay_loses_nothing_and_its_tally_is_right(
    house: House, milliseconds: int
) -> None:
    policy = {"retry": 2, "backoff_delay_seconds": 0.05}
    asked_for = trigger(policy=policy)
    await house.start(asked_for)
    await house.publish(*(numbered(number) for number in range(1, 101)))
    await house.settle()
    house.answers("t", odd_ones_fail)
    await begin(house, asked(rate_per_second=500.0))
    await asyncio.sleep(milliseconds / 1000)
    await house.crash()
    before = len(seen(house))

    await house.start(asked_for)
    progress = await ended(house)

    assert set(seen(house)) == set(range(1, 101))
    assert len(seen(house)) >= 200
    tally = progress.tally
    assert (tally.matched, tally.delivered, tally.dead) == (100, 50, 50), before
    assert house.counts().matched == house.counts().delivered == 100
    assert house.partition.ledger.is_empty


async def test_what_settled_behind_a_slow_call_is_not_repeated_after_a_crash(house: House) -> None:
    await stored(house, 50)
    house.sinks["t"].delay_seconds = 30.0
    await begin(house, asked(rate_per_second=20.0))
    await asyncio.sleep(0.02)
    house.sinks["t"].delay_seconds = 0.0
    await house.until(lambda: look(house).tally.delivered >= 40)
    await house.partition.drain()

    await house.crash()
    before = seen(house)
    await house.start(trigger())
    progress = await ended(house)

    assert len(before) >= 40
    assert sorted(seen(house)) == list(range(1, 51))
    assert progress.tally.delivered == 50


async def test_a_cancelled_replay_takes_back_more_than_one_page_of_rows(house: House) -> None:
    await stored(house, 520, policy={"backoff_delay_seconds": 600.0, "backoff_max_seconds": 600.0})
    house.answers("t", lambda _: Failed(OutcomeClass.OVERLOAD, "HTTP 429", 429))
    await begin(house, asked())
    await house.until(lambda: look(house).parked == 520)

    await replays(house).cancel("again", "somebody")
    progress = await ended(house)

    beyond = house.clock.now() + timedelta(days=1)
    assert progress.tally.discarded == 520
    assert list((await house.engine.log.due(progress.job.lane_name, beyond, 1))[0]) == []


async def test_a_replay_holds_little_where_memory_is_short(house: House) -> None:
    await stored(house, 500)
    house.lane().budget.use(MEMORY_BYTES_MAX)

    await begin(house, asked(rate_per_second=1.0))
    await asyncio.sleep(5.0)
    held = len(replays(house).jobs.lanes["again"].queue)
    house.lane().budget.use(-MEMORY_BYTES_MAX)

    assert 0 < held <= QUEUE_EVENTS_ASSURED


@pytest.mark.parametrize("order_by", [None, "partitionkey"])
async def test_at_every_commit_the_tally_of_a_replay_balances(
    house: House, order_by: str | None
) -> None:
    asked_for = trigger(policy={"retry": 2, "backoff_delay_seconds": 0.05}, order_by=order_by)
    await house.start(asked_for)
    await house.publish(*(numbered(n, partitionkey=str(n % 5)) for n in range(1, 61)))
    await house.settle()
    house.answers("t", odd_ones_fail)
    await begin(house, asked(rate_per_second=500.0))
    looks = 0

    while look(house).job.state not in ENDED:
        await asyncio.sleep(0.001)
        looks += await balances(house)
        if looks % 40 == 20:
            await house.crash()
            await house.start(asked_for)
    tally = (await ended(house)).tally

    assert looks > 100
    assert (tally.matched, tally.delivered, tally.dead) == (60, 30, 30)
    assert set(seen(house)) == set(range(1, 61))


async def balances(house: House) -> bool:
    """Whether what is on disk of the job adds up: its record, and the rows of its lane."""
    ((_, value, _),) = await house.engine.records.scan("replay/")
    job, tally = decode("again", value).job, decode("again", value).tally
    beyond = house.clock.now() + timedelta(days=1)
    parked = len((await house.engine.log.due(job.lane_name, beyond, 1000))[0])
    waiting = len(house.partition.durable.named(job.lane_name))
    assert tally.matched == tally.delivered + tally.dead + parked + waiting
    return True


async def test_a_reload_that_mends_the_sink_mends_a_replay_too(house: House) -> None:
    await stored(house, 5, policy={"backoff_delay_seconds": 1.0, "backoff_max_seconds": 1.0})
    house.answers("t", lambda _: Failed(OutcomeClass.TRANSIENT, "no answer"))
    await begin(house, asked())
    await house.until(lambda: look(house).parked == 5)

    house.sinks["mended"] = house.answers("mended", lambda _: Delivered())
    house.partition.lanes[T].sink = house.sinks["mended"]
    progress = await ended(house)

    assert progress.tally.delivered == 5
    assert sorted(house.ids("mended")) == ["1", "2", "3", "4", "5"]


async def test_a_replay_waits_while_its_trigger_is_paused(house: House) -> None:
    await stored(house, 5)
    await house.partition.steering.pause(T, "somebody")

    await begin(house, asked())
    await asyncio.sleep(3600)
    before = seen(house)
    await house.partition.steering.resume(T, "somebody")
    await ended(house)

    assert before == []
    assert seen(house) == [1, 2, 3, 4, 5]


async def test_copies_of_dead_letters_go_to_the_dead_letter_sink_beside_the_first_ones(
    house: House,
) -> None:
    await house.start(trigger(), dead_letter="desk")
    house.answers("t", lambda _: refused())
    house.answers("desk", lambda _: Failed(OutcomeClass.TRANSIENT, "no answer"))
    await house.publish(numbered(1))
    await house.until(lambda: house.partition.lanes[f"{T}#dead-letter"].parked_count == 1)

    await begin(house, asked())
    await ended(house)
    house.answers("desk", lambda _: Delivered())
    await house.until(lambda: not house.partition.lanes[f"{T}#dead-letter"].parked_count)

    letters = await house.dead_letters()
    assert {letter.place.step for letter in letters} == {"deliver", "replay/again"}
    assert [letter.forwarded for letter in letters] == ["delivered", "delivered"]


def refused() -> Failed:
    return Failed(OutcomeClass.BAD_INPUT, "HTTP 422", 422, reason=Reason.REFUSED)


async def test_only_the_latest_ended_jobs_are_kept(house: House) -> None:
    await stored(house, 1)

    for number in range(103):
        await begin(house, asked(id=f"job-{number}"))
        await ended(house, f"job-{number}")
    await house.partition.drain()

    assert len(replays(house).all()) == 100
    assert len(await house.engine.records.scan("replay/")) == 100
    assert replays(house).find("job-2") is None


async def test_each_verb_is_audited_with_its_effect(house: House) -> None:
    await stored(house, 50)

    await begin(house, asked(rate_per_second=1.0, reason="a broken model"))
    await replays(house).pause("again", "ada")
    await replays(house).resume("again", "ada")
    await replays(house).cancel("again", "ada", "enough")

    rows = [row for _, row in await house.engine.records.audit()]
    verbs = [(row.verb, row.by, row.reason) for row in reversed(rows)]
    assert verbs == [
        ("replay.create", "somebody", "a broken model"),
        ("replay.pause", "ada", ""),
        ("replay.resume", "ada", ""),
        ("replay.cancel", "ada", "enough"),
    ]
