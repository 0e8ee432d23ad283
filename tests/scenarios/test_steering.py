"""An operator turns running triggers: reload, pause, seek, end; a crash at any point."""

import asyncio
from dataclasses import replace

import pytest

from broker.delivery import Delivered, Failed, OutcomeClass, Reason
from broker.errors import Invalid, StoreFailed
from tests.scenarios.house import House, numbered, trigger
from tests.triggers.workshop import CountingLog
from triggers.revisions import REMOVED_SPEC

BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)
REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
GONE = Failed(OutcomeClass.CONFIG, "HTTP 410", 410, reason=Reason.REFUSED, pause=True)
ONLY_X = [{"exact": {"type": "x"}}]
ONLY_Y = [{"exact": {"type": "y"}}]
T = "default/t"


async def test_a_trigger_that_a_reload_adds_begins_by_its_start(house: House) -> None:
    await house.start(trigger("old"))
    await house.publish(numbered(1), numbered(2))

    applied = await house.apply(trigger("old"), trigger("late"), trigger("early", start="earliest"))
    await house.publish(numbered(3))
    await house.settle("early")
    await house.settle("late")

    assert applied.added == ("default/late", "default/early")
    assert (house.ids("late"), house.ids("early")) == (["3"], ["1", "2", "3"])


async def test_the_same_configuration_again_finds_nothing_to_do(house: House) -> None:
    await house.start(trigger())

    applied = await house.apply(trigger())

    assert applied.count == 0
    assert house.engine.crash()._state.audit == []


async def test_a_changed_filter_counts_from_then_on_and_the_backlog_keeps_the_old_one(
    house: House,
) -> None:
    await house.start(trigger(filters=ONLY_X))
    await house.partition.steering.pause(T, "tests")
    await house.publish(numbered(1, type="x"), numbered(2, type="y"))

    await house.apply(trigger(filters=ONLY_Y))
    await house.publish(numbered(3, type="x"), numbered(4, type="y"))
    await house.partition.steering.resume(T, "tests")
    await house.settle()

    assert house.ids() == ["1", "4"]
    assert [r.from_offset for r in house.partition.revisions.of(T)] == [1, 3]


async def test_nothing_is_routed_by_a_filter_that_is_not_on_disk(house: House) -> None:
    log = house.engine.log = CountingLog(house.engine.log)
    await house.start(trigger(filters=ONLY_X))
    log.refusals = [StoreFailed("the disk is away")] * 3

    applying = asyncio.ensure_future(house.apply(trigger(filters=ONLY_Y)))
    await asyncio.sleep(0.01)
    await house.publish(numbered(1, type="x"), numbered(2, type="y"))
    await asyncio.sleep(0.3)
    before = house.ids()
    await applying
    await house.settle()

    assert (before, house.ids()) == ([], ["2"])


async def test_a_changed_subscriber_takes_the_backlog_and_what_is_parked(house: House) -> None:
    patient = {"backoff_delay_seconds": 300.0}
    house.answers("t", lambda _: BUSY)
    await house.start(trigger(policy=patient, max_in_flight=1))
    await house.publish(*(numbered(n) for n in range(1, 101)))
    await house.until(lambda: house.lane().parked_count == 100)
    before = house.clock.monotonic()

    await house.apply(trigger(policy=patient, to="mended"))
    await house.settle()

    assert sorted(map(int, house.ids("mended"))) == list(range(1, 101))
    assert house.clock.monotonic() - before < 5.0, "none waits out its 300 seconds"


async def test_what_fails_again_after_a_change_waits_as_ever(house: House) -> None:
    patient = {"backoff_delay_seconds": 300.0, "retry": 5}
    house.answers("t", lambda _: BUSY)
    house.answers("worse", lambda _: BUSY)
    await house.start(trigger(policy=patient))
    await house.publish(*(numbered(n) for n in range(1, 41)))
    await house.until(lambda: house.lane().parked_count == 40)

    await house.apply(trigger(policy=patient, to="worse"))
    await asyncio.sleep(250.0)

    assert len(house.sinks["worse"].deliveries) == 40, "once each"


async def test_limits_count_at_once(house: House) -> None:
    slow = house.answers("t", lambda _: Delivered())
    slow.delay_seconds = 10.0
    await house.start(trigger(max_in_flight=1))
    await house.publish(*(numbered(n) for n in range(5)))

    await house.apply(trigger(max_in_flight=4))
    await asyncio.sleep(1.0)

    assert house.lane().in_flight == 4


async def test_a_pause_by_command_outlasts_reloads_and_crashes_until_resumed(house: House) -> None:
    await house.start(trigger())
    steering = house.partition.steering
    changed = [await steering.pause(T, "anna", "why not") for _ in range(2)]
    await house.apply(trigger(max_in_flight=5))
    await house.publish(numbered(1))
    await house.crash()
    await house.start(trigger(max_in_flight=6))
    await asyncio.sleep(1.0)

    seen = house.ids()
    resumed = [await house.partition.steering.resume(T, "anna") for _ in range(2)]
    await house.settle()

    assert (changed, seen, resumed, house.ids()) == ([True, False], [], [True, False], ["1"])
    assert [one.verb for one in house.engine._state.audit] == ["pause", "reload", "resume"]


async def test_a_pause_by_command_ends_when_the_configuration_speaks_of_it(house: House) -> None:
    await house.start(trigger(paused=True))
    await house.partition.steering.resume(T, "anna")
    await house.apply(trigger(paused=True, max_in_flight=5))
    still = house.lane().is_paused

    await house.partition.steering.pause(T, "anna")
    await house.apply(trigger(paused=False))

    assert (still, house.lane().is_paused) == (False, False)


async def test_another_subscriber_ends_the_pause_that_an_answer_asked_for(house: House) -> None:
    house.answers("t", [GONE])
    await house.start(trigger())
    await house.publish(numbered(1), numbered(2))
    await house.until(lambda: house.lane().is_paused)

    await house.apply(trigger(to="elsewhere"))
    await house.publish(numbered(3))
    await house.settle()

    assert house.ids("elsewhere")[-1] == "3"


async def test_a_removed_trigger_finishes_what_it_has_and_then_goes(house: House) -> None:
    slow = house.answers("t", [BUSY])
    await house.start(trigger(max_in_flight=1), trigger("other"))
    slow.delay_seconds = 1.0
    await house.publish(*(numbered(n) for n in range(1, 6)))

    applied = await house.apply(trigger("other"))
    await house.publish(numbered(6))
    was_removing = house.lane().is_removing
    await house.until(lambda: T not in house.partition.lanes)

    assert (applied.removing, applied.removed, was_removing) == ((T,), (), True)
    assert sorted(set(house.ids())) == ["1", "2", "3", "4", "5"]
    assert house.partition.revisions.of(T)[-1].spec == REMOVED_SPEC
    assert T not in house.engine._state.cursors


async def test_one_with_nothing_left_goes_at_once_and_begins_anew_if_it_comes_back(
    house: House,
) -> None:
    await house.start(trigger(), trigger("other"))
    await house.publish(numbered(1))
    await house.settle()

    applied = await house.apply(trigger("other"))
    await house.until(lambda: T not in house.partition.lanes)
    await house.publish(numbered(2))
    await house.apply(trigger("other"), trigger())
    await house.publish(numbered(3))
    await house.settle()

    assert applied.removed == (T,)
    assert house.ids() == ["1", "3"]
    assert [r.number for r in house.partition.revisions.of(T)] == [1, 2, 3]
    assert house.counts().matched == 2, "its counts go on"


async def test_removing_survives_a_crash(house: House) -> None:
    slow = house.answers("t", lambda _: Delivered())
    slow.delay_seconds = 10.0
    await house.start(trigger(max_in_flight=1), trigger("other"))
    await house.publish(*(numbered(n) for n in range(1, 4)))
    await house.apply(trigger("other"))
    await house.publish(numbered(4))
    await house.crash()
    slow.delay_seconds = 0.0

    await house.start(trigger("other"))
    was_removing = house.lane().is_removing
    await house.until(lambda: T not in house.partition.lanes)

    assert was_removing
    assert house.ids() == ["1", "2", "3"]


async def test_a_removing_trigger_whose_sink_cannot_be_made_keeps_its_place(house: House) -> None:
    await house.start(trigger(), trigger("other"))
    await house.partition.steering.pause(T, "anna")
    await house.publish(numbered(1), numbered(2))
    await house.apply(trigger("other"))
    await house.publish(numbered(3))
    await house.crash()
    house.finishes = False
    await house.start(trigger("other"))
    await house.publish(*(numbered(n) for n in range(4, 8)))
    await house.settle("other")

    kept = house.partition.lowest_needed()
    await house.apply(trigger("other"), trigger())
    await house.partition.steering.resume(T, "anna")
    await house.publish(numbered(8))
    await house.settle()

    assert kept == 1
    assert house.ids() == ["1", "2", "8"]


async def test_a_trigger_that_comes_back_while_it_is_being_removed_goes_on(house: House) -> None:
    await house.start(trigger(), trigger("other"))
    await house.partition.steering.pause(T, "anna")
    await house.publish(numbered(1), numbered(2))
    await house.apply(trigger("other"))
    await house.publish(numbered(3))

    await house.apply(trigger("other"), trigger())
    await house.publish(numbered(4))
    await house.partition.steering.resume(T, "anna")
    await house.settle()

    assert house.ids() == ["1", "2", "4"]
    assert not house.lane().is_removing


async def test_a_configuration_that_cannot_be_changes_nothing(house: House) -> None:
    await house.start(trigger(filters=ONLY_X))

    with pytest.raises(Invalid):
        await house.apply(trigger(filters=ONLY_Y), trigger("new", filters=[{"cesql": "1 +"}]))
    await house.publish(numbered(1, type="x"))
    await house.settle()

    assert list(house.partition.lanes) == [T]
    assert house.ids() == ["1"]


async def test_a_seek_forward_discards_what_it_skips_and_says_so(house: House) -> None:
    await house.start(trigger(filters=ONLY_X))
    await house.partition.steering.pause(T, "anna")
    await house.publish(*(numbered(n, type="xy"[n % 2]) for n in range(1, 11)))

    sought = await house.partition.steering.seek(T, 9, "anna", "too old")
    await house.partition.steering.resume(T, "anna")
    await house.settle()

    assert (sought.position, sought.skipped, sought.is_clamped) == (9, 4, False)
    assert house.ids() == ["10"]
    counts = house.counts()
    assert (counts.matched, counts.delivered, counts.discarded) == (5, 1, 4)
    audit = house.engine._state.audit[1]
    assert (audit.verb, audit.count, audit.reason) == ("seek", 4, "too old")


async def test_a_seek_back_delivers_again_from_there(house: House) -> None:
    await house.start(trigger())
    await house.publish(*(numbered(n) for n in range(1, 6)))
    await house.settle()

    sought = await house.partition.steering.seek(T, 3, "anna")
    await house.publish(numbered(6))
    await house.settle()

    assert (sought.is_changed, sought.skipped) == (True, 0)
    assert house.ids() == ["1", "2", "3", "4", "5", "3", "4", "5", "6"]
    assert house.counts().matched == house.counts().delivered == 9


async def test_a_seek_beyond_either_end_goes_to_the_end(house: House) -> None:
    await house.start(trigger())
    await house.publish(*(numbered(n) for n in range(1, 6)))
    await house.settle()
    await house.engine.log.prune(2)
    steering = house.partition.steering

    high = await steering.seek(T, 1_000, "anna")
    low = await steering.seek(T, -7, "anna")

    assert (high.position, high.is_clamped, high.is_changed) == (6, True, False)
    assert (low.position, low.is_clamped, low.is_changed) == (3, True, True)
    assert await steering.offset_of("earliest") == 3
    assert await steering.offset_of("latest") == 6


async def test_a_seek_leaves_parked_and_waiting_deliveries_as_they_are(house: House) -> None:
    order = trigger(order_by="partitionkey", policy={"backoff_delay_seconds": 60.0})
    house.answers("t", [Delivered(), BUSY])
    await house.start(order)
    await house.publish(*(numbered(n, partitionkey="ab"[n % 2]) for n in range(1, 9)))
    await house.until(lambda: house.lane().parked_count == 1 and house.lane().turns.rows == 3)  # type: ignore[union-attr]

    await house.partition.steering.seek(T, 1, "anna")
    await house.settle()

    again = house.ids()
    assert [one for one in again if int(one) % 2] == ["1", "3", "5", "7"] * 2
    assert [one for one in again if not int(one) % 2] == ["2", "2", "4", "6", "8"]
    counts = house.counts()
    assert counts.matched == counts.delivered == 12


async def test_a_second_seek_leaves_alone_what_was_parked_before_the_first(house: House) -> None:
    house.answers("t", [Delivered(), BUSY])
    await house.start(trigger(policy={"backoff_delay_seconds": 60.0}))
    await house.publish(numbered(1), numbered(2))
    await house.until(lambda: house.lane().parked_count == 1)
    await house.partition.steering.pause(T, "anna")

    await house.partition.steering.seek(T, 1, "anna")
    await house.partition.steering.seek(T, 2, "anna")
    await house.partition.steering.resume(T, "anna")
    await house.settle()

    assert house.ids() == ["1", "2", "2"]
    counts = house.counts()
    assert (counts.matched, counts.delivered, counts.discarded) == (3, 2, 1)


async def test_a_crash_right_after_a_seek_finds_it_done(house: House) -> None:
    await house.start(trigger())
    await house.publish(*(numbered(n) for n in range(1, 6)))
    await house.settle()
    await house.partition.steering.pause(T, "anna")
    await house.partition.steering.seek(T, 4, "anna")
    await house.crash()

    await house.start(trigger())
    await house.partition.steering.resume(T, "anna")
    await house.settle()

    assert house.ids() == ["1", "2", "3", "4", "5", "4", "5"]


async def test_a_seek_waits_for_calls_in_flight(house: House) -> None:
    slow = house.answers("t", lambda _: Delivered())
    slow.delay_seconds = 20.0
    await house.start(trigger())
    await house.publish(numbered(1), numbered(2))
    await asyncio.sleep(1.0)

    await house.partition.steering.seek(T, 1, "anna")

    assert sorted(house.ids()) == ["1", "2"]
    assert house.counts().delivered == 2


@pytest.mark.parametrize("how", ["dead-letter", "discard"])
@pytest.mark.parametrize("order_by", [None, "partitionkey"])
async def test_an_operator_ends_what_a_removed_trigger_has_left(
    house: House, how: str, order_by: str | None
) -> None:
    spec = trigger(order_by=order_by, policy={"backoff_delay_seconds": 600.0})
    house.answers("t", [Delivered(), BUSY, BUSY])
    await house.start(spec, trigger("other"))
    await house.publish(*(numbered(n, partitionkey=f"k{n % 3}") for n in range(1, 4)))
    await house.until(lambda: house.lane().parked_count == 2)
    await house.partition.steering.pause(T, "anna")
    await house.publish(*(numbered(n, partitionkey=f"k{n % 3}") for n in range(4, 1000)))
    await house.apply(trigger("other"))

    counts_of = house.lane()
    first = await house.partition.steering.end(T, how, "anna", "gone for good")  # type: ignore[arg-type]
    await house.until(lambda: T not in house.partition.lanes)
    again = await house.partition.steering.end(T, how, "anna")  # type: ignore[arg-type]

    assert (first.count, again.count) == (998, 0)
    letters = await house.dead_letters()
    assert len(letters) == (998 if how == "dead-letter" else 0)
    assert {letter.reason for letter in letters} <= {"operator"}
    counts = replace(counts_of.totals)
    assert counts.matched == counts.delivered + counts.dead + counts.discarded == 999
    ended = [one for one in house.engine._state.audit if one.verb == "remove"]
    assert sum(one.count for one in ended) == 998


async def test_what_is_configured_is_not_ended(house: House) -> None:
    await house.start(trigger())

    with pytest.raises(Invalid) as refusal:
        await house.partition.steering.end(T, "discard", "anna")

    assert refusal.value.code == "trigger-configured"


async def test_an_unknown_trigger_is_refused_by_every_verb(house: House) -> None:
    await house.start(trigger())
    steering = house.partition.steering
    verbs = (
        steering.pause("default/x", "anna"),
        steering.resume("default/x", "anna"),
        steering.seek("default/x", 1, "anna"),
        steering.end("default/x", "discard", "anna"),
    )

    refusals = [await asyncio.gather(verb, return_exceptions=True) for verb in verbs]

    assert [getattr(one, "code", one) for (one,) in refusals] == ["unknown-trigger"] * 4


async def test_an_order_that_a_reload_asks_for_holds_from_then_on(house: House) -> None:
    slow = house.answers("t", lambda _: Delivered())
    slow.delay_seconds = 5.0
    await house.start(trigger(max_in_flight=2))
    await house.publish(*(numbered(n, partitionkey="a") for n in range(1, 7)))
    await asyncio.sleep(1.0)

    await house.apply(trigger(max_in_flight=2, order_by="partitionkey"))
    await asyncio.sleep(5.5)
    in_flight = house.lane().in_flight
    await house.settle()

    assert in_flight == 1
    assert sorted(house.ids()[:2]) == ["1", "2"]
    assert house.ids()[2:] == ["3", "4", "5", "6"]


async def test_an_order_that_a_reload_takes_away_strands_nothing(house: House) -> None:
    patient = {"backoff_delay_seconds": 60.0}
    house.answers("t", [BUSY])
    await house.start(trigger(order_by="partitionkey", policy=patient))
    await house.publish(*(numbered(n, partitionkey="a") for n in range(1, 7)))
    await house.until(lambda: house.lane().parked_count == 1)

    await house.apply(trigger(policy=patient))
    await house.crash()
    await house.start(trigger(policy=patient))
    await house.publish(numbered(7, partitionkey="a"))
    await house.settle()

    assert house.ids() == ["1", "7", "1", "2", "3", "4", "5", "6"]


async def test_time_paused_does_not_count_towards_max_age(house: House) -> None:
    policy = {"backoff_delay_seconds": 100.0, "max_age_seconds": 250.0, "retry": 9}
    house.answers("t", [BUSY, BUSY])
    await house.start(trigger(policy=policy))
    await house.publish(numbered(1))
    await asyncio.sleep(10.0)
    await house.partition.steering.pause(T, "anna")
    await asyncio.sleep(3600.0)

    await house.partition.steering.resume(T, "anna")
    await house.settle()

    assert house.ids() == ["1", "1", "1"]
    assert house.counts().dead == 0


async def test_a_dead_letter_sink_comes_and_goes_with_a_reload(house: House) -> None:
    house.answers("t", lambda _: REFUSED)
    await house.start(trigger())
    await house.publish(numbered(1))
    await house.settle()

    await house.apply(trigger(), dead_letter="desk")
    await house.publish(numbered(2))
    await house.until(lambda: bool(house.sinks["desk"].deliveries))
    await house.apply(trigger())
    await house.publish(numbered(3))
    await house.settle()
    await house.until(lambda: list(house.partition.lanes) == [T])

    assert house.ids("desk") == ["2"]
    assert len(await house.dead_letters()) == 3


async def test_ten_thousand_pending_survive_every_change_and_a_crash(house: House) -> None:
    await house.start(trigger(filters=ONLY_X))
    await house.partition.steering.pause(T, "anna")
    await house.publish(*(numbered(n, type="xy"[n % 2]) for n in range(1, 10_001)))

    await house.apply(trigger(filters=ONLY_Y, to="elsewhere"))
    await house.publish(*(numbered(n, type="xy"[n % 2]) for n in range(10_001, 10_011)))
    await house.apply(trigger("other"))
    await house.crash()
    await house.start(trigger("other"))
    counts_of = house.lane()
    await house.partition.steering.resume(T, "anna")
    await house.until(lambda: T not in house.partition.lanes)

    expected = [n for n in range(1, 10_011) if (n % 2 == 1) == (n > 10_000)]
    assert list(map(int, house.ids("elsewhere"))) == expected
    assert counts_of.totals.matched == counts_of.totals.delivered == len(expected)
