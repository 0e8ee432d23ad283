"""Where is this event? Asked of a whole partition, for each place that a delivery can be in."""

import asyncio

from broker.delivery import Delivered, Failed, OutcomeClass, Reason
from tests.scenarios.house import House, numbered, trigger
from triggers.story import Chapter, Story, Storyteller, Where

BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)
REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
T = "default/t"


async def story_of(house: House, offset: int = 1) -> Story:
    (stored,) = await house.engine.log.read(offset - 1, 1, 1)
    return await Storyteller(house.partition).tell(stored)


async def chapter_of(house: House, offset: int = 1) -> Chapter:
    (chapter,) = (await story_of(house, offset)).chapters
    return chapter


async def test_a_delivered_event_is_delivered_by_the_next_mark(house: House) -> None:
    await house.start(trigger())

    await house.publish(numbered(1))
    await house.settle()
    before = await chapter_of(house)
    await asyncio.sleep(11.0)
    await house.publish(numbered(2))
    await house.settle()
    after = await chapter_of(house)

    assert (before.where, before.by) == (Where.DELIVERED, None)
    assert after.by is not None


async def test_an_event_that_is_asked_about_at_once_is_not_yet_delivered(house: House) -> None:
    house.answers("t", lambda _: Delivered()).delay_seconds = 5.0
    await house.start(trigger())

    await house.publish(numbered(1))
    await asyncio.sleep(1.0)
    chapter = await chapter_of(house)

    assert (chapter.where, chapter.attempt) == (Where.IN_FLIGHT, 1)


async def test_what_no_slot_is_free_for_is_queued(house: House) -> None:
    house.answers("t", lambda _: Delivered()).delay_seconds = 5.0
    await house.start(trigger(max_in_flight=1))

    await house.publish(numbered(1), numbered(2))
    await asyncio.sleep(1.0)

    assert (await chapter_of(house, 1)).where is Where.IN_FLIGHT
    assert (await chapter_of(house, 2)).where is Where.QUEUED


async def test_what_a_paused_trigger_has_not_read_is_ahead_of_its_cursor(house: House) -> None:
    await house.start(trigger(paused=True))

    await house.publish(*(numbered(n) for n in range(5)))
    chapter = await chapter_of(house, 4)

    assert chapter.where is Where.AHEAD
    assert chapter.says == (
        "ahead of the cursor: 3 events are before it, and the trigger is paused"
    )


async def test_a_failed_delivery_is_parked_and_tells_its_attempts(house: House) -> None:
    house.answers("t", lambda _: BUSY)
    await house.start(trigger(policy={"backoff_delay_seconds": 60.0}))

    await house.publish(numbered(1))
    await asyncio.sleep(100.0)
    chapter = await chapter_of(house)

    assert (chapter.where, chapter.attempt) == (Where.PARKED, 3)
    assert [attempt.number for attempt in chapter.attempts] == [1, 2]
    assert chapter.due_at is not None


async def test_a_retry_under_way_is_in_flight_as_its_own_attempt(house: House) -> None:
    sink = house.answers("t", lambda _: BUSY)
    await house.start(trigger(policy={"backoff_delay_seconds": 60.0}))
    await house.publish(numbered(1))
    await asyncio.sleep(1.0)

    sink.delay_seconds = 20.0
    await asyncio.sleep(70.0)
    chapter = await chapter_of(house)

    assert (chapter.where, chapter.attempt, len(chapter.attempts)) == (Where.IN_FLIGHT, 2, 1)


async def test_retries_that_ended_well_are_told_exactly(house: House) -> None:
    house.answers("t", [BUSY, BUSY, Delivered()])
    await house.start(trigger())

    await house.publish(numbered(1))
    await house.settle()
    chapter = await chapter_of(house)

    assert (chapter.where, chapter.says) == (Where.DELIVERED, "delivered by attempt 3")
    assert chapter.since is not None
    assert chapter.by is None


async def test_a_refused_event_is_a_dead_letter(house: House) -> None:
    house.answers("t", lambda _: REFUSED)
    await house.start(trigger())

    await house.publish(numbered(1))
    await house.until(lambda: house.counts().dead == 1)
    chapter = await chapter_of(house)
    (letter,) = await house.dead_letters()

    assert (chapter.where, chapter.dead_letter) == (Where.DEAD, letter.id)


async def test_a_copy_to_the_dead_letter_sink_is_told_beside_the_letter(house: House) -> None:
    house.answers("t", lambda _: REFUSED)
    house.answers("desk", lambda _: BUSY)
    await house.start(trigger(policy={"backoff_delay_seconds": 60.0}), dead_letter="desk")

    await house.publish(numbered(1))
    await asyncio.sleep(5.0)
    story = await story_of(house)

    assert story.chapters[0].forwarded == "attempt 2 is next"
    assert story.others == ()


async def test_events_behind_their_key_wait_for_its_turn(house: House) -> None:
    house.answers("t", lambda delivery: BUSY if delivery.event.id == "1" else Delivered())
    await house.start(trigger(order_by="key", policy={"backoff_delay_seconds": 60.0}))

    await house.publish(*(numbered(n, key="a") for n in (1, 2)), numbered(3, key="b"))
    await asyncio.sleep(5.0)
    places = [(await chapter_of(house, offset)).where for offset in (1, 2, 3)]

    assert places == [Where.PARKED, Where.WAITING, Where.DELIVERED]


async def test_events_behind_a_slow_one_of_their_key_wait_in_memory(house: House) -> None:
    house.answers("t", lambda _: Delivered()).delay_seconds = 20.0
    await house.start(trigger(order_by="key"))

    await house.publish(numbered(1, key="a"), numbered(2, key="a"))
    await asyncio.sleep(5.0)
    places = [(await chapter_of(house, offset)).where for offset in (1, 2)]

    assert places == [Where.IN_FLIGHT, Where.WAITING]


async def test_after_a_crash_each_delivery_is_where_it_was(house: House) -> None:
    house.answers("t", lambda delivery: BUSY if delivery.event.id == "1" else Delivered())
    await house.start(trigger(policy={"backoff_delay_seconds": 600.0}))
    await house.publish(numbered(1), numbered(2))
    await asyncio.sleep(5.0)

    await house.crash()
    await house.start(trigger(policy={"backoff_delay_seconds": 600.0}))
    places = [(await chapter_of(house, offset)).where for offset in (1, 2)]

    assert places == [Where.PARKED, Where.DELIVERED]


async def test_replies_are_told_down_and_causes_up(house: House) -> None:
    def answer_next(delivery: object) -> Delivered:
        number = int(delivery.event.id)  # type: ignore[attr-defined]
        return Delivered(reply=numbered(number + 1) if number < 5 else None)

    house.answers("t", answer_next)
    await house.start(trigger())

    await house.publish(numbered(1))
    await house.settle()
    first, last = await story_of(house, 1), await story_of(house, 5)

    (second,) = first.replies
    assert second.replies[0].replies[0].stored.event.id == "4"
    assert (second.replies[0].replies[0].replies, first.is_cut) == ((), True)
    assert [cause.event.id for cause in last.causes] == ["4", "3", "2", "1"]


async def test_the_filter_of_then_counts_and_not_that_of_now(house: House) -> None:
    await house.start(trigger(filters=[{"exact": {"type": "t"}}]))
    await house.publish(numbered(1))
    await house.settle()
    await house.stop()

    await house.start(trigger(filters=[{"exact": {"type": "x"}}]))
    await house.publish(numbered(2))
    then, now = await story_of(house, 1), await story_of(house, 2)

    assert [chapter.verdict.revision for chapter in then.chapters] == [1]
    assert [(refusal.trigger, refusal.revision) for refusal in now.refusals] == [(T, 2)]


async def test_of_a_trigger_that_is_gone_the_past_is_still_told(house: House) -> None:
    await house.start(trigger(filters=[{"exact": {"type": "t"}}]), trigger("other"))
    await house.publish(numbered(1))
    await house.settle("other")
    await house.stop()

    await house.start(trigger("other"))
    story = await story_of(house)

    assert [chapter.verdict.trigger for chapter in story.chapters] == ["default/other", T]
    assert [chapter.where for chapter in story.chapters] == [Where.DELIVERED] * 2


async def test_many_triggers_are_counted_and_some_of_them_told(house: House) -> None:
    matching = [trigger(f"m{n:03}") for n in range(130)]
    others = [trigger(f"o{n:03}", filters=[{"exact": {"type": "x"}}]) for n in range(70)]
    await house.start(*matching, *others)

    await house.publish(numbered(1))
    story = await story_of(house)

    assert (story.matched, len(story.chapters)) == (130, 100)
    assert (story.unmatched, len(story.refusals)) == (70, 20)
    assert story.refusals[0].deciding is not None
    assert story.refusals[0].deciding.asks == "type is 'x'"


async def test_what_a_seek_skipped_was_left_out_by_it(house: House) -> None:
    await house.start(trigger(paused=True))
    await house.publish(*(numbered(n) for n in range(4)))

    await house.partition.steering.seek(T, 4, "eve")
    chapters = [await chapter_of(house, offset) for offset in (1, 3, 4)]

    assert [one.where for one in chapters] == [Where.DISCARDED, Where.DISCARDED, Where.AHEAD]
    assert chapters[0].says == "left out by eve: seek"


async def test_what_a_seek_went_back_over_is_ahead_again(house: House) -> None:
    await house.start(trigger())
    await house.publish(*(numbered(n) for n in range(4)))
    await house.settle()
    await house.partition.steering.pause(T, "eve")

    await house.partition.steering.seek(T, 2, "eve")
    chapters = [await chapter_of(house, offset) for offset in (1, 2)]

    assert [one.where for one in chapters] == [Where.DELIVERED, Where.AHEAD]
    assert [one.verdict.revision for one in chapters] == [1, 2]


async def test_a_redriven_dead_letter_is_told_with_its_old_attempts(house: House) -> None:
    sink = house.answers("t", lambda _: REFUSED)
    await house.start(trigger())
    await house.publish(numbered(1))
    await house.until(lambda: house.counts().dead == 1)
    (letter,) = await house.dead_letters()

    sink.answer, sink.delay_seconds = lambda _: Delivered(), 20.0
    assert house.partition.desk is not None
    await house.partition.desk.redrive([letter.id], "eve")
    await asyncio.sleep(5.0)
    under_way = await chapter_of(house)
    await asyncio.sleep(60.0)
    delivered = await chapter_of(house)

    assert (under_way.where, len(under_way.attempts)) == (Where.IN_FLIGHT, 1)
    assert (delivered.where, delivered.dead_letter) == (Where.DELIVERED, letter.id)
