"""The door: what is let in, when it is answered, and what happens at its bounds."""

import random

import pytest

from broker.errors import (
    Draining,
    HeadraceError,
    InvalidBatch,
    InvalidEvent,
    Overloaded,
    StoreFailed,
    StoreFull,
)
from broker.intake_options import IntakeOptions
from broker.storage.rows import Record
from broker.token_bucket import TokenBucket
from broker.waiting import ACCEPTED
from tests.broker.door import event, open_door


async def test_nothing_is_answered_before_the_commit() -> None:
    door = await open_door()

    door.accept(event())
    before = list(door.answers)
    door.log.commit()

    assert (before, door.answers) == ([], [ACCEPTED])


async def test_a_batch_is_one_append() -> None:
    door = await open_door()

    door.accept(*[event(str(number)) for number in range(10)])

    assert [len(append.events) for append in door.log.waiting] == [10]


async def test_records_are_stored_with_their_events() -> None:
    door = await open_door()
    record = Record("source/position", b"7")

    door.intake.accept([event()], door.answers.append, "kafka", [record])
    door.log.commit()

    assert (door.log.records, door.log.stored[0].principal) == ([record], "kafka")


async def test_an_error_of_the_store_answers_all_of_its_commit_and_nothing_is_kept_of_it() -> None:
    door = await open_door()
    door.accept(event("1"))
    door.accept(event("2"))

    door.log.fail(StoreFull("the disk is full"))
    door.accept(event("1"))
    door.log.commit()

    assert [type(answer) for answer in door.answers[:2]] == [StoreFull, StoreFull]
    assert door.answers[2] is ACCEPTED
    assert door.intake.room.waiting_events == door.intake.room.waiting_bytes == 0


async def test_system_types_are_refused() -> None:
    door = await open_door()

    door.accept(event(type="dev.headrace.system.paused"))

    assert isinstance(door.answers[0], InvalidEvent)
    assert door.answers[0].code == "reserved-type"


@pytest.mark.parametrize("hops", ["17", "-1", "x", "1.0", "٣", "99999999999"])
async def test_hops_that_no_reply_could_have_are_refused(hops: str) -> None:
    door = await open_door()

    door.accept(event(headracehops=hops))

    assert door.answers[0].code == "bad-hops"


@pytest.mark.parametrize("hops", ["0", "16"])
async def test_hops_within_the_limit_are_taken(hops: str) -> None:
    door = await open_door()

    door.accept(event(headracehops=hops))

    assert len(door.log.waiting) == 1


async def test_a_batch_with_faults_lists_them_by_index_and_stores_nothing() -> None:
    door = await open_door()

    door.accept(event("1"), event("2", headracehops="99"), event("3"), event("4", headracehops="x"))

    error = door.answers[0]
    assert isinstance(error, InvalidBatch)
    assert [index for index, _ in error.entries] == [1, 3]
    assert not door.log.waiting


async def test_more_than_the_bound_of_waiting_events_is_refused_for_1_to_5_seconds() -> None:
    door = await open_door(IntakeOptions(waiting_events_max=2))
    for number in range(3):
        door.accept(event(str(number)))

    error = door.answers[0]
    door.log.commit()
    door.accept(event("4"))

    assert isinstance(error, Overloaded)
    assert error.retry_after_seconds == 3.0
    assert len(door.log.waiting) == 1


async def test_more_than_the_bound_of_waiting_bytes_is_refused() -> None:
    door = await open_door(IntakeOptions(waiting_bytes_max=10_000))

    door.accept(event("1", b"x" * 9_000))
    door.accept(event("2", b"x" * 9_000))

    assert isinstance(door.answers[0], Overloaded)


async def test_an_empty_door_lets_a_batch_over_its_bound_in() -> None:
    door = await open_door(IntakeOptions(waiting_events_max=2))

    door.accept(*[event(str(number)) for number in range(5)])

    assert len(door.log.waiting) == 1


async def test_what_the_store_does_not_answer_is_answered_as_unknown_within_2_seconds() -> None:
    door = await open_door()
    door.accept(event("1"))
    door.clock.seconds += 1.0
    door.accept(event("2"))

    door.clock.seconds += 0.8
    door.intake.sweep()

    assert len(door.answers) == 1
    assert isinstance(door.answers[0], StoreFailed)
    assert door.answers[0].unknown


async def test_a_late_commit_is_not_answered_twice_and_its_repeat_is_a_duplicate() -> None:
    door = await open_door()
    door.accept(event())
    door.clock.seconds += 2.0
    door.intake.sweep()

    door.log.commit()
    door.accept(event())
    answers = await door.answered(2)

    assert len(answers) == 2
    assert answers[1].is_duplicate


async def test_the_sweep_runs_by_itself_while_something_waits() -> None:
    door = await open_door(IntakeOptions(sweep_seconds=0.01))
    door.accept(event())
    door.clock.seconds += 2.0

    answers = await door.answered()
    door.log.commit()

    assert isinstance(answers[0], StoreFailed)
    door.intake.close()


@pytest.mark.parametrize("error", [Draining("stopping"), StoreFull("the backlog is full")])
async def test_what_deploy_refuses_is_refused(error: HeadraceError) -> None:
    door = await open_door(refuse=lambda: error)

    door.accept(event())

    assert door.answers == [error]
    assert door.intake.counts.refused == {error.code: 1}


async def test_a_publisher_over_its_rate_is_told_when_to_come_back() -> None:
    door = await open_door(IntakeOptions(publish_rate_per_second=2.0))
    for number in range(3):
        door.accept(event(str(number)))

    error = door.answers[0]
    door.clock.seconds += error.retry_after_seconds
    door.accept(event("4"))

    assert (error.code, error.retry_after_seconds) == ("rate-limited", 0.5)
    assert len(door.answers) == 1


def test_a_token_bucket_keeps_its_rate_whatever_comes() -> None:
    seed = 11
    print(f"seed {seed}")
    chance = random.Random(seed)
    bucket, now, taken = TokenBucket(100.0), 0.0, 0

    for _ in range(20_000):
        now += chance.random() / 100
        count = chance.choice([1, 1, 1, 50])
        taken += 0 if bucket.take(count, now) else count

    assert taken <= 100 * now + 150
    assert taken >= 0.95 * min(100 * now, taken + 1)


async def test_what_happened_at_the_door_is_counted() -> None:
    door = await open_door(is_eager=True)
    sent = event()
    door.accept(sent, event("2"))
    await door.answered(1)
    door.accept(sent)
    door.accept(event("3", headracehops="x"))
    await door.answered(3)

    counts = door.intake.counts
    assert (counts.accepted, counts.duplicates, counts.refused) == (2, 1, {"bad-hops": 1})
    assert counts.accepted_bytes == 2 * sent.size_bytes
