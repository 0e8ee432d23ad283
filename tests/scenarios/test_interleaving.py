"""Acts of operators that meet each other, a crash, or a commit under way."""

import asyncio

import pytest

from broker.delivery import Delivered, Failed, OutcomeClass, Reason
from broker.errors import Conflict
from broker.storage.rows import Checkpoint, Cursor, DeadState
from tests.scenarios.house import House, numbered, trigger
from triggers.lane import ENDING
from triggers.replay.job import ENDED, ReplayRequest

T = "default/t"
BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)
REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
GONE = Failed(OutcomeClass.CONFIG, "HTTP 410", status=410, reason=Reason.REFUSED, pause=True)


async def test_others_do_not_go_back_when_a_new_trigger_begins_at_the_start(house: House) -> None:
    await house.start(trigger("steady"))
    await house.publish(*(numbered(number) for number in range(1, 6)))
    await house.settle("steady")

    await house.apply(trigger("steady"), trigger("t", start="earliest"))
    await house.crash()
    await house.start(trigger("steady"), trigger("t", start="earliest"))
    await house.settle("t")
    await house.settle("steady")

    assert house.ids("steady") == ["1", "2", "3", "4", "5"]


async def test_others_do_not_go_back_when_one_is_sought_back(house: House) -> None:
    both = (trigger("steady"), trigger("t"))
    await house.start(*both)
    await house.publish(*(numbered(number) for number in range(1, 6)))
    await house.settle("steady")
    await house.settle("t")

    await house.partition.steering.seek("default/t", 1, "tests")
    await house.crash()
    await house.start(*both)
    await house.settle("t")
    await house.settle("steady")

    assert house.ids("steady") == ["1", "2", "3", "4", "5"]


async def test_others_do_not_go_back_when_a_start_finds_a_new_trigger(house: House) -> None:
    await house.start(trigger("steady"))
    await house.publish(*(numbered(number) for number in range(1, 6)))
    await house.settle("steady")
    await house.stop()

    for _ in range(2):
        await house.start(trigger("steady"), trigger("t", start="earliest"))
        await house.crash()
    await house.start(trigger("steady"), trigger("t", start="earliest"))
    await house.settle("t")
    await house.settle("steady")
    await asyncio.sleep(1.0)

    assert house.ids("steady") == ["1", "2", "3", "4", "5"]


async def test_a_seek_back_over_a_redrive_leaves_one_row_and_its_end(house: House) -> None:
    house.answers("t", lambda _: REFUSED)
    await house.start(trigger(policy={"backoff_delay_seconds": 60.0}))
    await house.publish(numbered(1))
    await house.settle()
    (letter,) = await house.dead_letters()
    house.answers("t", [BUSY, REFUSED, Delivered()])  # the redrive, what is sought, the redrive

    assert house.partition.desk is not None
    await house.partition.desk.redrive([letter.id], "tests")
    await house.until(lambda: len(house.ids()) == 2)
    await house.partition.steering.seek(T, 1, "tests")
    await house.until(lambda: len(house.ids()) == 3)
    again = await house.partition.desk.redrive([letter.id], "tests")
    await house.settle()

    assert [one.why for one in again.refused] == ["redriving"]
    assert [one.state for one in await house.dead_letters()] == [DeadState.DELIVERED]
    assert house.lane().parked_count == 0


async def test_a_trigger_that_was_half_ended_does_not_come_back_deaf(house: House) -> None:
    await house.start(trigger(paused=True))
    await house.publish(numbered(1))
    await house.apply()
    house.lane().holds.add(ENDING)  # as an end that failed half-way leaves it

    with pytest.raises(Conflict, match="half ended"):
        await house.apply(trigger())

    ended = await house.partition.steering.end(T, "discard", "tests")
    applied = await house.apply(trigger())
    assert (ended.count, applied.added) == (1, (T,))


async def test_one_that_comes_back_while_its_copies_are_carried_keeps_its_order(
    house: House,
) -> None:
    ordered = trigger(order_by="partitionkey", paused=True)
    house.answers("copies", lambda _: BUSY)
    await house.start(ordered, dead_letter="copies")
    await house.publish(numbered(1, partitionkey="a"))
    await house.apply()
    await house.partition.steering.end(T, "dead-letter", "tests")

    await house.apply(ordered, dead_letter="copies")

    assert house.lane().turns is not None


async def test_an_order_taken_away_and_given_back_around_a_restart_strands_nothing(
    house: House,
) -> None:
    ordered = trigger(order_by="partitionkey", policy={"backoff_delay_seconds": 60.0})
    house.answers("t", [BUSY])
    await house.start(ordered)
    await house.publish(numbered(1, partitionkey="a"))
    await house.until(lambda: house.lane().parked_count == 1)
    await house.stop()

    await house.start(trigger(policy={"backoff_delay_seconds": 60.0}))
    await house.apply(ordered)
    await house.settle()

    assert house.ids() == ["1", "1"]


async def test_a_replay_keeps_what_waits_though_its_trigger_has_no_order_any_more(
    house: House,
) -> None:
    ordered = trigger(order_by="partitionkey", policy={"backoff_delay_seconds": 60.0})
    await house.start(ordered)
    await house.publish(*(numbered(number, partitionkey="a") for number in (1, 2, 3)))
    await house.settle()
    house.answers("t", [BUSY])
    assert house.partition.replays is not None
    await house.partition.replays.create(ReplayRequest(T, 1, id="again"), "tests")
    await house.until(lambda: len(house.engine._state.waiting) == 2)
    await house.crash()

    await house.start(trigger(policy={"backoff_delay_seconds": 60.0}))
    replays = house.partition.replays
    await house.until(lambda: all(one.job.state in ENDED for one in replays.all()))
    await house.partition.drain()

    assert house.ids() == ["1", "2", "3", "1", "1", "2", "3"]
    assert not house.engine._state.waiting


async def test_a_row_of_a_replay_keeps_no_turn_that_its_trigger_did_not_have(house: House) -> None:
    defects: list[BaseException] = []
    slow = {"backoff_delay_seconds": 60.0}
    await house.start(trigger(policy=slow))
    await house.publish(numbered(1, partitionkey="a"))
    await house.settle()
    house.answers("t", [BUSY])
    assert house.partition.replays is not None
    await house.partition.replays.create(ReplayRequest(T, 1, id="again"), "tests")
    await house.until(lambda: bool(house.engine._state.parked))
    await house.crash()

    await house.start(trigger(order_by="partitionkey", policy=slow))
    house.partition.on_failure = defects.append
    replays = house.partition.replays
    await house.until(lambda: bool(defects) or all(x.job.state in ENDED for x in replays.all()))

    assert defects == []


async def test_a_dead_letter_sink_that_asks_to_stop_holds_up_no_removal(house: House) -> None:
    house.answers("t", lambda _: REFUSED)
    house.answers("copies", [GONE])
    await house.start(trigger(), dead_letter="copies")

    await house.publish(*(numbered(number) for number in (1, 2, 3)))
    await house.settle()
    await house.apply(dead_letter="copies")
    await house.until(lambda: T not in house.partition.lanes, hours=0.1)

    assert sorted(house.ids("copies")) == ["1", "2", "3"]


async def test_copies_of_one_dead_letter_that_died_twice_leave_nothing_behind(
    house: House,
) -> None:
    house.answers("t", lambda _: REFUSED)
    house.answers("copies", [BUSY])
    await house.start(trigger(), dead_letter="copies")
    await house.publish(numbered(1))
    await house.settle()
    (letter,) = await house.dead_letters()

    assert house.partition.desk is not None
    await house.partition.desk.redrive([letter.id], "tests")
    await house.settle()
    await house.apply(dead_letter="copies")
    await asyncio.sleep(60.0)
    house.partition.note_progress()  # as every few seconds
    await house.partition.drain()

    assert len(house.ids("copies")) >= 2
    assert list(house.partition.lanes) == []


async def test_a_checkpoint_under_way_does_not_undo_what_a_seek_has_reserved(house: House) -> None:
    await house.start(trigger())
    await house.publish(*(numbered(number) for number in range(1, 6)))
    await house.settle()

    house.partition.durable.reserve(T, 1)
    house.partition.durable.note(Checkpoint(routed=5, cursors=(Cursor(T, 5),)))
    before = house.partition.lowest_needed()
    house.partition.durable.note(Checkpoint(cursors=(Cursor(T, 1),)))
    house.partition.durable.note(Checkpoint(following=(T,)))

    assert (before, house.partition.lowest_needed()) == (2, 6)


async def test_a_replay_that_nobody_waits_for_any_more_keeps_no_log(house: House) -> None:
    await house.start(trigger())
    await house.publish(*(numbered(number) for number in range(1, 6)))
    await house.settle()
    needed = house.partition.lowest_needed()
    assert house.partition.replays is not None

    asked = asyncio.ensure_future(
        house.partition.replays.create(ReplayRequest(T, 1, id="again"), "tests")
    )
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    replays = house.partition.replays
    await house.until(lambda: all(one.job.state in ENDED for one in replays.all()))
    await house.partition.drain()

    assert house.partition.lowest_needed() == needed
