"""Batches of a model are fair between sources; small ones may wait for more."""

import asyncio
from random import Random

import pytest

from sinks.inference_spec import BatchSpec
from tests.scenarios.house import House, trigger
from tests.scenarios.model_server import ScriptedServer, asking, served_by

CHATTY_EVENTS = 10_000


def house_with(server: ScriptedServer, **fields: object) -> House:
    house = House()
    house.models["t"] = served_by(server, **fields)
    return house


async def a_chatty_source_and_a_quiet_one(house: House) -> None:
    await house.partition.steering.pause("default/t", "tests")
    for first in range(0, CHATTY_EVENTS, 1_000):
        events = (asking(n, source="/chatty") for n in range(first, first + 1_000))
        await house.publish(*events)
    await house.publish(*(asking(CHATTY_EVENTS + n, source="/quiet") for n in range(10)))


async def test_ten_events_behind_ten_thousand_of_another_source_go_with_the_first_batches() -> None:
    server = ScriptedServer()
    house = house_with(server)
    await house.start(trigger())
    await a_chatty_source_and_a_quiet_one(house)

    await house.partition.steering.resume("default/t", "tests")
    await house.until(lambda: any(n >= CHATTY_EVENTS + 9 for n in server.seen))

    assert len(server.calls) <= 8
    await house.settle()
    assert sorted(server.seen) == list(range(CHATTY_EVENTS + 10))


async def test_what_went_ahead_of_the_cursor_is_not_sent_again_after_a_crash() -> None:
    server = ScriptedServer()
    house = house_with(server)
    await house.start(trigger())
    await a_chatty_source_and_a_quiet_one(house)
    await house.partition.steering.resume("default/t", "tests")
    await house.until(lambda: len(server.calls) > 20)
    await house.partition.drain()
    await house.crash()
    server.calls.clear()

    await house.start(trigger())
    await house.settle()

    assert not [n for n in server.seen if n >= CHATTY_EVENTS]
    assert house.counts().delivered == CHATTY_EVENTS + 10


@pytest.mark.parametrize("order_by", [None, "subject"])
async def test_whatever_the_mixture_and_the_crashes_each_event_is_settled_once(
    order_by: str | None,
) -> None:
    seed = Random().randrange(1 << 32)
    print(f"seed {seed}")
    random, server = Random(seed), ScriptedServer()
    house = house_with(server)
    facts = {} if order_by is None else {"order_by": order_by}
    await house.start(trigger(**facts))
    published = 0

    for _ in range(8):
        for _ in range(random.randrange(150)):
            attributes = {"source": f"/{random.randrange(4)}", "subject": f"{random.randrange(9)}"}
            await house.publish(asking(published, **attributes))
            published += 1
        server.is_up = random.random() < 0.7
        await asyncio.sleep(random.random())
        await house.crash()
        await house.start(trigger(**facts))
    server.is_up = True
    await house.settle()

    assert set(server.seen) == set(range(published))
    counts = house.counts()
    assert (counts.matched, counts.delivered, counts.dead) == (published, published, 0)


async def test_a_small_batch_waits_for_more_and_a_full_one_does_not() -> None:
    server = ScriptedServer()
    house = house_with(server, batch=BatchSpec(max_records=4, max_delay_seconds=5.0))
    await house.start(trigger())

    await house.publish(asking(0))
    await house.until(lambda: house.clock.monotonic() > 1002.0)
    await house.publish(asking(1))
    await house.settle()
    await house.publish(*(asking(n) for n in range(2, 7)))
    await house.settle()

    assert [sorted(call) for call in server.calls] == [[0, 1], [2, 3, 4, 5], [6]]
    waits = [at - 1000.0 for at in server.called_at]
    assert 4.9 < waits[0] < 5.1
    assert waits[1] - waits[0] < 0.2
    assert 4.9 < waits[2] - waits[1] < 5.1


async def test_without_max_delay_nothing_waits_for_more() -> None:
    server = ScriptedServer()
    house = house_with(server)
    await house.start(trigger())

    await house.publish(asking(0))
    await house.settle()

    assert server.called_at[0] - 1000.0 < 0.1


async def test_a_sleeping_model_is_tried_without_gathering() -> None:
    server = ScriptedServer()
    server.is_up = False
    house = house_with(server, batch=BatchSpec(max_records=4, max_delay_seconds=3600.0))
    await house.start(trigger())
    await house.publish(*(asking(n) for n in range(4)))
    await house.until(lambda: server.probes >= 3)

    server.is_up = True
    await house.until(lambda: len(server.seen) > 4)

    assert house.clock.monotonic() - 1000.0 < 60.0
