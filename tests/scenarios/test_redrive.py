"""Redrive: a dead letter leaves the desk with its 2xx, and is in one place whenever it dies."""

import asyncio
from collections import Counter
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.storage.rows import DeadLetter, DeadState
from tests.scenarios.house import House, JumpingLoop, numbered, trigger
from triggers.redrive import Acted, LetterDesk

REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)
PATIENT = trigger(policy={"retry": 2, "backoff_delay_seconds": 0.2})


def desk_of(house: House) -> LetterDesk:
    assert house.partition.desk is not None
    return house.partition.desk


async def with_dead(house: House, *numbers: int, failure: Failed = REFUSED) -> list[DeadLetter]:
    """Dead letters of these events, oldest first; then the sink takes everything."""
    house.answers("t", lambda _: failure)
    await house.start(PATIENT)
    await house.publish(*(numbered(number) for number in numbers))
    await house.settle()
    house.answers("t", lambda _: Delivered())
    return sorted(await house.dead_letters(), key=lambda letter: letter.place.offset)


async def redrive(house: House, letters: list[DeadLetter]) -> Acted:
    return await desk_of(house).redrive([letter.id for letter in letters], "ann", "mended")


def is_balanced(house: House) -> bool:
    """matched = delivered + dead + discarded, once nothing is parked that never died."""
    counts = house.counts()
    return counts.matched == counts.delivered + counts.dead + counts.discarded


async def test_a_dead_letter_leaves_the_desk_only_with_its_2xx(house: House) -> None:
    letters = await with_dead(house, 1)
    house.sinks["t"].delay_seconds = 5.0

    acted = await redrive(house, letters)
    under_way = await house.dead_letters()
    await house.settle()
    after = await house.dead_letters()

    assert acted == Acted((letters[0].id,))
    assert [letter.state for letter in (*under_way, *after)] == [
        DeadState.REDRIVING,
        DeadState.DELIVERED,
    ]
    assert house.counts().redelivered == 1
    assert house.counts().dead == 1
    assert is_balanced(house)


async def test_what_is_sent_again_differs_by_its_count_only(house: House) -> None:
    letters = await with_dead(house, 1)

    await redrive(house, letters)
    await house.settle()

    first, again = house.sinks["t"].deliveries
    assert dict(again.event.attributes) == {**first.event.attributes, "headraceredrive": "1"}
    assert again.event.data == first.event.data
    assert (again.id, again.attempt, again.step) == (first.id, 2, "deliver")


async def test_failing_again_it_is_dead_again_with_all_its_attempts(house: House) -> None:
    (letter,) = await with_dead(house, 1, failure=BUSY)
    house.answers("t", lambda _: BUSY)

    await redrive(house, [letter])
    await house.settle()
    (again,) = await house.dead_letters()

    assert (again.id, again.state, again.redrives) == (letter.id, DeadState.DEAD, 1)
    assert [attempt.number for attempt in again.attempts] == [1, 2, 3, 4, 5, 6]
    assert (again.attempt_count, again.first_at) == (6, letter.first_at)
    assert "headraceredrive" not in again.event.attributes
    assert again.place == letter.place
    assert is_balanced(house)


async def test_the_waits_of_a_redrive_begin_anew(house: House) -> None:
    (letter,) = await with_dead(house, 1, failure=BUSY)
    house.answers("t", lambda _: BUSY)

    await redrive(house, [letter])
    await house.settle()
    (again,) = await house.dead_letters()

    waits = [attempt.wait_seconds for attempt in again.attempts]
    assert waits[:3] == waits[3:] == [0.2, 0.4, None]


async def test_the_age_of_a_redrive_begins_anew(house: House) -> None:
    (letter,) = await with_dead(house, 1)
    await asyncio.sleep(90_000)  # longer than maxAge
    house.answers("t", [BUSY, Delivered()])

    await redrive(house, [letter])
    await house.settle()

    assert [one.state for one in await house.dead_letters()] == [DeadState.DELIVERED]


async def test_a_second_redrive_finds_nothing_left_to_do(house: House) -> None:
    letters = await with_dead(house, 1, 2)
    house.sinks["t"].delay_seconds = 1.0

    await redrive(house, letters)
    at_once = await redrive(house, letters)
    await house.settle()
    afterwards = await redrive(house, letters)

    assert (at_once.moved, afterwards.moved) == ((), ())
    assert {one.why for one in at_once.refused} == {"redriving"}
    assert {one.why for one in afterwards.refused} == {"delivered"}
    assert len(house.ids()) == 4


async def test_each_act_is_audited_with_what_it_did(house: House) -> None:
    letters = await with_dead(house, 1, 2)

    await redrive(house, letters)
    await desk_of(house).redrive(["nobody"], "ann")

    (act,) = house.engine._state.audit
    assert (act.by, act.verb, act.count, act.reason) == ("ann", "redrive", 2, "mended")
    assert act.detail == f"{letters[0].id} {letters[1].id}"


async def test_what_cannot_be_redriven_says_why(house: House) -> None:
    (letter,) = await with_dead(house, 1)
    await house.stop()
    await house.start(trigger("other"))

    acted = await desk_of(house).redrive([letter.id, "nobody"], "ann")

    assert {one.id: one.why for one in acted.refused} == {
        letter.id: "trigger-gone",
        "nobody": "unknown",
    }


async def test_a_discarded_one_can_be_restored_for_a_time(house: House) -> None:
    (letter,) = await with_dead(house, 1)
    desk = desk_of(house)

    await desk.discard([letter.id], "ann", "no use")
    (discarded,) = await house.dead_letters()
    refused = await redrive(house, [letter])
    restored = await desk.restore([letter.id], "ann")
    (again,) = await house.dead_letters()

    assert discarded.state is DeadState.DISCARDED
    assert discarded.purge_at is not None
    assert (discarded.purge_at - house.clock.now()).days == 7
    assert [one.why for one in refused.refused] == ["discarded"]
    assert restored.moved == (letter.id,)
    assert (again.state, again.purge_at) == (DeadState.DEAD, None)


async def test_a_paused_trigger_keeps_what_is_redriven_until_it_goes_on(house: House) -> None:
    letters = await with_dead(house, 1)
    lane = house.lane()
    lane.is_paused = True

    await redrive(house, letters)
    await asyncio.sleep(10)

    assert len(house.ids()) == 1
    assert [one.state for one in await house.dead_letters()] == [DeadState.REDRIVING]


async def test_of_a_key_one_is_carried_at_a_time_and_nobody_overtakes(house: House) -> None:
    ordered = trigger(order_by="partitionkey", policy={"retry": 0})
    under_way: list[int] = []
    house.answers("t", lambda _: REFUSED)
    await house.start(ordered)
    await house.publish(*(numbered(number, partitionkey="a") for number in (1, 2, 3)))
    await house.settle()
    letters = await house.dead_letters()
    sink = house.answers("t", lambda _: Delivered())
    sink.delay_seconds = 1.0
    sink.deliveries.clear()

    await redrive(house, letters)
    await house.publish(numbered(4, partitionkey="a"))
    await asyncio.sleep(0.1)
    under_way.append(house.lane().in_flight)
    await house.settle()

    assert house.ids() == ["1", "2", "3", "4"]
    assert under_way == [1]
    assert is_balanced(house)


async def test_one_that_comes_back_goes_before_those_that_wait_for_its_key(house: House) -> None:
    ordered = trigger(order_by="partitionkey", policy={"retry": 0})
    house.answers("t", [REFUSED])
    await house.start(ordered)
    await house.publish(numbered(1, partitionkey="a"))
    await house.settle()
    letters = await house.dead_letters()
    house.sinks["t"].delay_seconds = 1.0

    await house.publish(*(numbered(number, partitionkey="a") for number in (2, 3)))
    await redrive(house, letters)
    await house.settle()

    assert house.ids() == ["1", "2", "1", "3"]
    assert is_balanced(house)


@dataclass(frozen=True)
class Story:
    """`fates` by number: how often it is refused, in all its lives; `crashes` in seconds."""

    fates: tuple[int, ...]
    crashes: tuple[float, ...]
    is_ordered: bool


STORIES = st.builds(
    Story,
    fates=st.lists(st.integers(1, 3), min_size=1, max_size=8).map(tuple),
    crashes=st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.03, 0.3, 1.2]), max_size=3).map(tuple),
    is_ordered=st.booleans(),
)


async def tell(story: Story) -> tuple[House, list[DeadLetter], Acted, Counter[str]]:
    """Redrive everything, dying on the way as often as told; then redrive once more."""
    house = House()
    left = {str(number): times for number, times in enumerate(story.fates)}
    taken: Counter[str] = Counter()

    def answer(delivery: Delivery) -> Outcome:
        left[delivery.event.id] -= 1
        if left[delivery.event.id] >= 0:
            return REFUSED
        taken[delivery.event.id] += 1
        return Delivered()

    spec = trigger(order_by="partitionkey" if story.is_ordered else None)
    house.answers("t", answer).delay_seconds = 0.01
    await house.start(spec)
    for number in range(len(story.fates)):
        await house.publish(numbered(number, partitionkey="ab"[number % 2]))
    await house.settle()
    for seconds in story.crashes:
        ids = [letter.id for letter in await house.dead_letters()]
        asked = asyncio.ensure_future(desk_of(house).redrive(ids, "ann"))
        await asyncio.sleep(seconds)
        asked.cancel()
        await house.crash()
        await house.start(spec)
    await house.settle()
    while any(letter.state is DeadState.DEAD for letter in await house.dead_letters()):
        await redrive(house, await house.dead_letters())
        await house.settle()
    letters = await house.dead_letters()
    again = await redrive(house, letters)
    await house.end()
    return house, letters, again, taken


@settings(max_examples=60)
@given(story=STORIES)
def test_whenever_it_dies_each_is_in_one_place_and_a_second_run_moves_nothing(
    story: Story,
) -> None:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        house, letters, again, taken = runner.run(tell(story))

    assert [letter.state for letter in letters] == [DeadState.DELIVERED] * len(story.fates)
    assert again.moved == ()
    assert set(taken) == {str(number) for number in range(len(story.fates))}
    counts = house.engine._state.counts["default/t"]
    assert (counts.dead, counts.redelivered) == (len(story.fates), len(story.fates))
    assert counts.matched == counts.delivered + counts.dead
    assert not house.engine._state.parked
