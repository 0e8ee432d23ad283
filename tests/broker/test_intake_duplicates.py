"""Repeats: shared, confirmed, refused; nothing is ever lost to a suspicion."""

import asyncio
from datetime import timedelta

import pytest

from broker.dedupe import key_of
from broker.errors import DuplicateDiffers, InvalidBatch, Overloaded, StoreFailed
from broker.intake_options import IntakeOptions
from broker.storage.rows import Record
from broker.waiting import ACCEPTED, DUPLICATE, Result
from tests.broker.door import HandClock, HandLog, event, open_door


async def test_a_repeat_of_a_stored_event_is_a_duplicate() -> None:
    door = await open_door(is_eager=True)

    door.accept(event())
    await door.answered(1)
    door.accept(event())

    assert await door.answered(2) == [ACCEPTED, DUPLICATE]
    assert len(door.log.stored) == 1


async def test_the_same_id_with_other_data_is_a_conflict() -> None:
    door = await open_door(is_eager=True)
    door.accept(event())
    await door.answered(1)

    door.accept(event(data=b"other"))

    error = (await door.answered(2))[1]
    assert isinstance(error, DuplicateDiffers)
    assert error.where == "1"
    assert len(door.log.stored) == 1


async def test_a_repeat_of_an_uncommitted_event_shares_its_commit() -> None:
    door = await open_door()
    for _ in range(100):
        door.accept(event())

    before = list(door.answers)
    door.log.commit()

    assert before == []
    assert door.answers == [ACCEPTED] + [DUPLICATE] * 99
    assert len(door.log.stored) == 1
    assert door.intake.room.waiting_events == 0


async def test_a_repeat_of_an_uncommitted_event_shares_its_failure() -> None:
    door = await open_door()
    door.accept(event())
    door.accept(event())

    door.log.fail(StoreFailed("no"))

    assert [type(answer) for answer in door.answers] == [StoreFailed, StoreFailed]
    assert door.intake.counts.duplicates == 0


async def test_an_uncommitted_event_with_other_data_is_a_conflict() -> None:
    door = await open_door()
    door.accept(event())

    door.accept(event(data=b"other"))

    assert isinstance(door.answers[0], DuplicateDiffers)


async def test_a_repeat_after_the_store_fell_silent_is_told_to_wait() -> None:
    door = await open_door()
    door.accept(event())
    door.clock.seconds += 2.0
    door.intake.sweep()

    door.accept(event())

    assert [type(answer) for answer in door.answers] == [StoreFailed, Overloaded]


async def test_duplicates_within_a_batch_are_stored_once() -> None:
    door = await open_door()

    door.accept(event("1"), event("2"), event("1"))
    door.log.commit()

    assert door.answers == [ACCEPTED]
    assert [stored.event.id for stored in door.log.stored] == ["1", "2"]
    assert door.intake.counts.duplicates == 1


async def test_a_batch_that_contradicts_itself_is_refused_by_index() -> None:
    door = await open_door()

    door.accept(event("1"), event("2"), event("1", b"other"))

    error = door.answers[0]
    assert isinstance(error, InvalidBatch)
    assert (error.code, [index for index, _ in error.entries]) == ("duplicate-differs", [2])
    assert not door.log.waiting


async def test_a_batch_stored_before_is_read_back_at_once_and_marked() -> None:
    door = await open_door(is_eager=True)
    batch = [event(str(number)) for number in range(100)]
    door.accept(*batch)
    await door.answered(1)

    door.accept(*batch)

    assert await door.answered(2) == [ACCEPTED, DUPLICATE]
    assert door.log.reads == 1


async def test_a_batch_with_old_new_and_uncommitted_events_stores_the_new_ones() -> None:
    door = await open_door()
    door.accept(event("old"))
    door.log.commit()
    door.accept(event("waiting"))

    door.accept(event("old"), event("new"), event("waiting"))
    await door.answered(1)
    while not door.log.reads or len(door.log.waiting) < 2:
        await door.intake._log.read(0, 1, 1)
    door.log.commit()

    assert await door.answered(3) == [ACCEPTED, ACCEPTED, ACCEPTED]
    assert [stored.event.id for stored in door.log.stored] == ["old", "waiting", "new"]


async def test_one_conflicting_entry_refuses_its_batch() -> None:
    door = await open_door(is_eager=True)
    door.accept(event("1"))
    await door.answered(1)

    door.accept(event("2"), event("1", b"other"))

    error = (await door.answered(2))[1]
    assert isinstance(error, InvalidBatch)
    assert [index for index, _ in error.entries] == [1]
    assert len(door.log.stored) == 1


async def test_records_are_stored_though_all_their_events_were_before() -> None:
    door = await open_door(is_eager=True)
    record = Record("source/position", b"7")
    door.accept(event())
    await door.answered(1)

    door.intake.accept([event()], door.answers.append, "anonymous", [record])

    assert await door.answered(2) == [ACCEPTED, DUPLICATE]
    assert (door.log.records, len(door.log.stored)) == ([record], 1)


async def test_another_principal_may_use_the_same_id() -> None:
    door = await open_door(is_eager=True)

    door.accept(event(), principal="one")
    door.accept(event(), principal="two")

    assert await door.answered(2) == [ACCEPTED, ACCEPTED]


async def test_a_collision_of_hashes_loses_nothing() -> None:
    door = await open_door(is_eager=True)
    door.accept(event("1"))
    await door.answered(1)
    door.intake.recent.add(key_of("anonymous", event("2")), 1, door.clock.seconds)

    door.accept(event("2"))

    assert await door.answered(2) == [ACCEPTED, ACCEPTED]
    assert len(door.log.stored) == 2


async def test_an_event_older_than_the_window_is_stored_again() -> None:
    door = await open_door(IntakeOptions(dedupe_window_seconds=60.0), is_eager=True)
    door.accept(event())
    await door.answered(1)

    door.clock.seconds += 61.0
    door.accept(event())

    assert await door.answered(2) == [ACCEPTED, ACCEPTED]


async def test_an_event_that_was_pruned_is_stored_again() -> None:
    door = await open_door(is_eager=True)
    door.accept(event())
    await door.answered(1)
    door.log.stored = [door.log.stored[0]]
    door.log.stored[0].offset = 2

    door.accept(event())

    assert await door.answered(2) == [ACCEPTED, ACCEPTED]


async def test_recent_keys_survive_a_restart() -> None:
    log = HandLog(HandClock(), is_eager=True)
    before = await open_door(log=log)
    before.accept(event("1"), event("2"))
    await before.answered(1)

    after = await open_door(log=log)
    after.accept(event("2"))

    assert await after.answered(1) == [DUPLICATE]


@pytest.mark.parametrize("leap_seconds", [86_400.0, -86_400.0])
async def test_a_leap_of_the_clock_over_a_restart_leaves_the_window_as_it_was(
    leap_seconds: float,
) -> None:
    log = HandLog(HandClock(), is_eager=True)
    before = await open_door(log=log)
    before.accept(event())
    await before.answered(1)
    stored_at = log.clock.now()
    log.clock.start += timedelta(seconds=leap_seconds)

    after = await open_door(log=log, stored_at=stored_at)
    after.accept(event())

    assert await after.answered(1) == [DUPLICATE]


@pytest.mark.parametrize("count", [1, 3])
async def test_a_log_that_does_not_answer_is_not_waited_for(count: int) -> None:
    door = await open_door(is_eager=True)
    door.accept(event())
    await door.answered(1)
    for _ in range(count):
        door.accept(event())

    door.clock.seconds += 2.0
    door.intake.sweep()

    assert [type(answer) for answer in door.answers[1:]] == [Overloaded] * count
    assert door.intake.room.waiting_events == 0


async def test_what_was_answered_is_not_kept_for_a_log_that_stands_still() -> None:
    class Still(HandLog):
        async def read(self, after: int, limit: int, bytes_max: int) -> list[object]:  # type: ignore[override]
            await asyncio.Event().wait()
            return []

    door = await open_door(log=Still(HandClock(), is_eager=True))
    door.accept(event())
    await door.answered(1)
    for _ in range(3):
        for _ in range(1_000):
            door.accept(event())
        await asyncio.sleep(0)
        door.clock.seconds += 2.0
        door.intake.sweep()

    assert len(door.answers) == 3_001
    assert not door.intake._doubts._queue
    door.intake.close()


async def test_a_log_that_cannot_be_read_is_said_so() -> None:
    class Blind(HandLog):
        async def read(self, after: int, limit: int, bytes_max: int) -> list[object]:  # type: ignore[override]
            raise StoreFailed("the file cannot be read")

    door = await open_door(log=Blind(HandClock(), is_eager=True))
    door.accept(event())
    await door.answered(1)

    door.accept(event())

    assert isinstance((await door.answered(2))[1], StoreFailed)


async def test_a_repeat_that_comes_as_the_reader_ends_is_asked_for_too() -> None:
    door = await open_door(is_eager=True)
    door.accept(event("1"), event("2"))
    await door.answered(1)

    def answered(_: Result) -> None:
        # In the reader's last step: what comes next is there before its end is known.
        asyncio.get_running_loop().call_soon(door.accept, event("2"))

    door.intake.accept([event("1")], answered)

    assert await door.answered(2) == [ACCEPTED, DUPLICATE]
