"""A model that sleeps, wakes, is missing or stays away: what waits for it, and what it costs."""

from broker.delivery import Reason
from sinks.inference.server.caller import Unanswered
from sinks.inference_spec import HoldSpec
from sinks.target import TargetState
from tests.scenarios.house import House, trigger
from tests.scenarios.model_server import ScriptedServer, asking, refusing, served_by

EVENTS = [asking(number) for number in range(100)]


def house_with(server: ScriptedServer, **fields: object) -> House:
    house = House()
    house.models["t"] = served_by(server, **fields)
    return house


async def test_a_hundred_events_for_a_sleeping_model_wake_it_by_one_call_at_a_time() -> None:
    server = ScriptedServer()
    server.is_up = False
    house = house_with(server)
    await house.start(trigger())
    await house.publish(*EVENTS)
    target = house.lane().target
    await house.until(lambda: target.state is TargetState.HOLDING)
    calls_before = len(server.calls)
    server.most_under_way = 0
    await house.until(lambda: server.probes >= 4)

    server.is_up = True
    await house.settle()

    woken = server.calls[calls_before:]
    assert [len(call) for call in woken[:1]] == [1]  # the one that showed it to be awake
    assert sorted(server.seen[calls_before:])[-1] == 99
    counts = house.counts()
    assert (counts.delivered, counts.dead) == (100, 0)
    assert not await house.dead_letters()


async def test_waiting_for_a_sleeping_model_uses_no_attempt_and_writes_no_row() -> None:
    server = ScriptedServer()
    server.answer = refusing(503, "Model with name m is not ready.")
    house = house_with(server)
    await house.start(trigger(policy={"retry": 0}))
    await house.publish(*EVENTS)
    await house.until(lambda: len(server.calls) > 10)
    parked = house.lane().parked_count

    server.answer = ScriptedServer().answer
    await house.settle()

    assert parked == 0
    assert (house.counts().delivered, house.counts().dead) == (100, 0)


async def test_while_it_wakes_there_is_one_call_and_then_one_two_four() -> None:
    server = ScriptedServer()
    server.answer = refusing(503, "Model with name m is not ready.")
    house = house_with(server)
    await house.start(trigger(), trigger("other", to="t"))
    await house.publish(*EVENTS)
    await house.until(lambda: len(server.calls) > 5)
    server.most_under_way, server.seconds = 0, 20.0

    await house.until(lambda: len(server.calls) > 8)

    assert server.most_under_way == 1


async def test_the_waits_double_up_to_the_longest() -> None:
    server = ScriptedServer()
    server.answer = refusing(503, "Model with name m is not ready.")
    house = house_with(server, hold=HoldSpec(max_seconds=2.0))
    await house.start(trigger())

    await house.publish(EVENTS[0])
    await house.until(lambda: len(server.calls) >= 7)

    between = zip(server.called_at, server.called_at[1:], strict=False)
    waits = [round(after - before, 1) for before, after in between]
    assert waits[:6] == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


async def test_what_waits_for_longer_than_max_hold_is_dead_and_says_why() -> None:
    server = ScriptedServer()
    server.is_up = False
    house = house_with(server, hold=HoldSpec(max_hold_seconds=3600.0))
    await house.start(trigger())
    await house.publish(*EVENTS[:10])

    await house.until(lambda: house.counts().dead == 10)

    letters = await house.dead_letters()
    assert {letter.reason for letter in letters} == {Reason.NOT_READY.value}
    assert house.clock.monotonic() - 1000.0 < 3700
    assert {letter.attempt_count for letter in letters} <= {0, 1}


async def test_a_restart_does_not_count_the_hold_anew() -> None:
    server = ScriptedServer()
    server.is_up = False
    house = house_with(server, hold=HoldSpec(max_hold_seconds=3600.0))
    await house.start(trigger())
    await house.publish(*EVENTS[:10])
    began = house.clock.monotonic()
    await house.until(lambda: house.clock.monotonic() - began > 3000)
    await house.crash()
    await house.start(trigger())

    await house.until(lambda: house.counts().dead == 10)

    assert house.clock.monotonic() - began < 3700


async def test_held_deliveries_outlive_a_crash_none_lost_and_none_twice() -> None:
    server = ScriptedServer()
    server.is_up = False
    house = house_with(server)
    await house.start(trigger())
    await house.publish(*EVENTS[:50])
    await house.until(lambda: house.lane().target.state is TargetState.HOLDING)
    await house.crash()
    server.is_up = True
    server.calls.clear()
    await house.start(trigger())

    await house.settle()

    assert sorted(server.seen) == list(range(50))
    assert (house.counts().matched, house.counts().delivered) == (50, 50)


async def test_an_ordered_trigger_keeps_its_order_through_a_hold() -> None:
    server = ScriptedServer()
    house = house_with(server)
    await house.start(trigger(order_by="subject"))
    server.is_up = False
    await house.publish(*(asking(number, subject=str(number % 3)) for number in range(60)))
    await house.until(lambda: house.lane().target.state is TargetState.HOLDING)
    server.calls.clear()
    server.is_up = True

    await house.settle()

    for key in range(3):
        assert [n for n in server.seen if n % 3 == key] == list(range(key, 60, 3))


async def test_a_missing_model_pauses_the_trigger_after_its_grace_and_loses_nothing() -> None:
    server = ScriptedServer()
    server.answer = refusing(404, "Model with name m does not exist.")
    house = house_with(server, hold=HoldSpec(not_found_grace_seconds=600.0))
    await house.start(trigger())
    await house.publish(*EVENTS[:10])

    await house.until(lambda: house.lane().is_paused)

    assert house.clock.monotonic() - 1000.0 >= 600
    assert "notFoundGrace" in house.lane().trigger_state.reason
    assert (house.counts().dead, house.lane().parked_count) == (0, 0)
    server.answer = ScriptedServer().answer
    await house.partition.steering.resume("default/t", "tests")
    await house.settle()
    assert house.counts().delivered == 10


async def test_a_wake_that_breaks_off_uses_an_attempt_and_the_next_one_takes_another_event() -> (
    None
):
    server = ScriptedServer()
    server.answer = refusing(503, "Model with name m is not ready.")
    house = house_with(server)
    await house.start(trigger(policy={"retry": 2}))
    await house.publish(*EVENTS[:4])
    await house.until(lambda: len(server.calls) > 2)
    server.answer = lambda numbers: (
        Unanswered("read", "the connection closed without an answer", was_sent=True)
        if 0 in numbers
        else ScriptedServer().answer(numbers)
    )

    await house.settle()

    assert house.counts().delivered == 3
    assert [letter.event.id for letter in await house.dead_letters()] == ["0"]
