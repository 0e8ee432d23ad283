"""The walk of an event, whole, on the memory engine: what goes where, and what a crash leaves."""

import pytest

from broker.delivery import Delivered, Failed, OutcomeClass, Reason
from broker.storage.rows import DeadState
from tests.scenarios.house import House, numbered, trigger


def broken(status: int = 500, **facts: object) -> Failed:
    kind = OutcomeClass.BAD_INPUT if status == 422 else OutcomeClass.TRANSIENT
    reason = Reason.REFUSED if status == 422 else None
    return Failed(kind, f"HTTP {status}", status=status, reason=reason, **facts)  # type: ignore[arg-type]


async def test_an_event_goes_to_the_triggers_that_match_it(house: House) -> None:
    await house.start(
        trigger("a", filters=[{"exact": {"type": "x"}}]),
        trigger("b", filters=[{"exact": {"type": "y"}}]),
        trigger("all"),
    )

    await house.publish(numbered(1, type="x"), numbered(2, type="y"))
    await house.settle("all")

    assert (house.ids("a"), house.ids("b"), house.ids("all")) == (["1"], ["2"], ["1", "2"])


async def test_a_failed_delivery_is_tried_again_until_it_is_delivered(
    house: House,
) -> None:
    house.answers("t", [broken(), broken(), Delivered()])
    await house.start(trigger())

    await house.publish(numbered(1))
    await house.settle()

    assert [d.attempt for d in house.sinks["t"].deliveries] == [1, 2, 3]
    assert house.counts().delivered == house.counts().matched == 1
    assert len(await house.engine.log.retried(1)) == 1


async def test_used_up_retries_end_at_the_desk_with_all_evidence(house: House) -> None:
    house.answers("t", lambda _: broken())
    await house.start(trigger(policy={"retry": 2}))

    await house.publish(numbered(1))
    await house.until(lambda: house.counts().dead == 1)

    (letter,) = await house.dead_letters()
    assert (letter.reason, letter.attempt_count, letter.status) == ("attempts", 3, 500)
    assert [attempt.number for attempt in letter.attempts] == [1, 2, 3]
    assert letter.state is DeadState.DEAD
    assert house.counts().matched == 1


async def test_a_refused_event_is_dead_at_once(house: House) -> None:
    house.answers("t", lambda _: broken(422))
    await house.start(trigger())

    await house.publish(numbered(1))
    await house.until(lambda: house.counts().dead == 1)

    (letter,) = await house.dead_letters()
    assert (letter.reason, letter.attempt_count) == ("refused", 1)


async def test_a_reply_is_a_new_event_that_other_triggers_get(house: House) -> None:
    house.answers("asks", lambda d: Delivered(reply=numbered(900, type="answer")))
    await house.start(
        trigger("asks", filters=[{"exact": {"type": "question"}}]),
        trigger("hears", filters=[{"exact": {"type": "answer"}}]),
    )

    await house.publish(numbered(1, type="question"))
    await house.until(lambda: bool(house.sinks["hears"].deliveries))

    (heard,) = house.sinks["hears"].deliveries
    assert heard.event.attributes["headracehops"] == "1"
    (stored,) = await house.engine.log.read(1, 10, 1 << 20)
    assert stored.cause is not None
    assert (stored.cause.offset, stored.cause.trigger) == (1, "default/asks")


async def test_a_loop_of_replies_ends_at_the_desk(house: House) -> None:
    house.answers("t", lambda d: Delivered(reply=numbered(int(d.event.id) + 1)))
    await house.start(trigger())

    await house.publish(numbered(1))
    await house.until(lambda: house.counts().dead == 1)

    (letter,) = await house.dead_letters()
    assert letter.reason == "hops"
    assert len(house.sinks["t"].deliveries) == 17


async def test_an_answer_that_asks_for_it_pauses_the_trigger_and_a_restart_keeps_the_pause(
    house: House,
) -> None:
    gone = Failed(OutcomeClass.CONFIG, "HTTP 410", 410, reason=Reason.REFUSED, pause=True)
    house.answers("t", [gone])
    await house.start(trigger())

    await house.publish(numbered(1))
    await house.until(lambda: house.lane().is_paused)
    await house.partition.drain()
    await house.publish(numbered(2))
    await house.crash()
    await house.start(trigger())

    assert house.lane().is_paused
    assert house.ids() == ["1"]


async def test_a_dead_letter_is_also_carried_to_the_dead_letter_sink(
    house: House,
) -> None:
    house.answers("t", lambda _: broken(422))
    await house.start(trigger(), dead_letter="desk")

    await house.publish(numbered(1))
    await house.until(lambda: bool(house.sinks["desk"].deliveries))
    await house.partition.drain()

    (copy,) = house.sinks["desk"].deliveries
    assert copy.event.attributes["knativeerrorcode"] == "422"
    assert copy.event.attributes["headracereason"] == "refused"
    (letter,) = await house.dead_letters()
    assert letter.forwarded == "delivered"


async def test_a_dead_letter_sink_that_fails_is_a_flag_and_no_second_dead_letter(
    house: House,
) -> None:
    house.answers("t", lambda _: broken(422))
    house.answers("desk", lambda _: broken(422))
    await house.start(trigger(), dead_letter="desk")

    await house.publish(numbered(1))
    await house.until(lambda: bool(house.sinks["desk"].deliveries))
    await house.partition.drain()

    (letter,) = await house.dead_letters()
    assert letter.forwarded is not None
    assert letter.forwarded.startswith("failed: HTTP 422")


async def test_more_than_memory_holds_is_read_from_the_log(house: House) -> None:
    await house.start(trigger(paused=True))
    await house.publish(*(numbered(number) for number in range(3000)))
    await house.stop()

    await house.start(trigger())
    await house.settle()

    assert sorted(map(int, house.ids())) == list(range(3000))
    assert house.lane().is_following


async def test_after_a_crash_what_was_not_settled_is_delivered_again_and_nothing_is_lost(
    house: House,
) -> None:
    await house.start(trigger())
    await house.publish(*(numbered(number) for number in range(50)))
    await house.crash()

    await house.start(trigger())
    await house.settle()

    assert set(map(int, house.ids())) == set(range(50))
    assert house.counts().matched == house.counts().delivered == 50


async def test_a_changed_filter_counts_from_what_is_stored_next(house: House) -> None:
    await house.start(trigger(paused=True, filters=[{"exact": {"type": "old"}}]))
    await house.publish(numbered(1, type="old"), numbered(2, type="new"))
    await house.stop()

    await house.start(trigger(filters=[{"exact": {"type": "new"}}]))
    await house.publish(numbered(3, type="old"), numbered(4, type="new"))
    await house.settle()

    assert house.ids() == ["1", "4"]


@pytest.mark.parametrize(("start", "expected"), [("latest", ["9"]), ("earliest", ["1", "2", "9"])])
async def test_a_new_trigger_begins_where_its_start_says(
    house: House, start: str, expected: list[str]
) -> None:
    await house.start(trigger("other"))
    await house.publish(numbered(1), numbered(2))
    await house.stop()

    await house.start(trigger("other"), trigger(start=start))
    await house.publish(numbered(9))
    await house.settle()

    assert house.ids() == expected


async def test_of_an_ordered_key_nothing_overtakes_a_parked_one_and_other_keys_go_on(
    house: House,
) -> None:
    failures = [broken(), broken()]
    house.answers("t", lambda d: failures.pop() if d.event.id == "1" and failures else Delivered())
    await house.start(trigger(order_by="partitionkey", policy={"backoff_delay_seconds": 60.0}))

    await house.publish(*(numbered(n, partitionkey="ab"[n % 2 == 0]) for n in range(1, 9)))
    await house.settle()

    seen = house.ids()
    assert [one for one in seen if int(one) % 2] == ["1", "1", "1", "3", "5", "7"]
    assert seen.index("8") < seen.index("3")
    assert house.counts().matched == house.counts().delivered == 8


async def test_an_order_by_key_survives_a_crash(house: House) -> None:
    spec = trigger(order_by="partitionkey", policy={"backoff_delay_seconds": 60.0})
    failures = [broken()]
    house.answers("t", lambda d: failures.pop() if d.event.id == "1" and failures else Delivered())
    await house.start(spec)
    await house.publish(*(numbered(n, partitionkey="a") for n in range(1, 5)))
    await house.until(lambda: house.lane().parked_count == 1)
    await house.partition.drain()

    await house.crash()
    await house.start(spec)
    await house.settle()

    assert house.ids() == ["1", "1", "2", "3", "4"]


async def test_a_hanging_sink_keeps_only_its_own_slots(house: House) -> None:
    house.answers("slow", lambda _: Delivered()).delay_seconds = 30.0
    await house.start(trigger("slow"), trigger("fast"))

    await house.publish(*(numbered(number) for number in range(200)))
    await house.settle("fast")

    assert len(house.ids("fast")) == 200
    assert len(house.ids("slow")) <= 64


async def test_a_rate_limits_the_trigger_and_loses_nothing(house: House) -> None:
    await house.start(trigger(rate_per_second=10.0))
    began = house.clock.monotonic()

    await house.publish(*(numbered(number) for number in range(100)))
    await house.settle()

    assert 8.0 <= house.clock.monotonic() - began <= 13.0
    assert len(house.ids()) == 100
