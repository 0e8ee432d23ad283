"""A model that comes and goes, and a process that dies: nothing is lost, nothing counted twice."""

import asyncio
import random

import pytest

from sinks.inference.server.caller import Called, Unanswered
from sinks.target import TargetState
from tests.scenarios.house import House, trigger
from tests.scenarios.model_server import ScriptedServer, asking, predicting, refusing, served_by


def broken_off(_numbers: list[int]) -> Called:
    return Unanswered("read", "the connection closed without an answer", was_sent=True)


ANSWERS = (
    predicting,
    refusing(503, "Model with name m is not ready."),
    refusing(429),
    refusing(500, "boom"),
    refusing(404, "Model with name m does not exist."),
    broken_off,
)


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_the_model_does_each_event_ends_once(seed: int) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    server, house = ScriptedServer(), House()
    house.models["t"] = served_by(server)
    spec = trigger(order_by="subject" if seed % 2 else None, start="earliest")
    published = 0
    await house.start(spec)
    for _ in range(12):
        server.answer = chance.choice(ANSWERS)
        server.is_up = chance.random() < 0.7
        count = chance.randrange(20)
        numbers = range(published, published + count)
        await house.publish(*(asking(number, subject=str(number % 5)) for number in numbers))
        published += count
        await asyncio.sleep(chance.choice((0.01, 0.05, 0.3, 2.0, 40.0)))
        if chance.random() < 0.4:
            await house.crash()
            await house.start(spec)

    server.answer, server.is_up = predicting, True
    await house.settle()

    counts = house.counts()
    assert counts.matched == published == counts.delivered + counts.dead
    dead = {int(letter.event.id) for letter in await house.dead_letters()}
    assert set(server.seen) | dead == set(range(published))
    assert house.lane().parked_count == 0


async def test_a_seek_and_a_removal_take_held_deliveries_along() -> None:
    server, house = ScriptedServer(), House()
    server.is_up = False
    house.models["t"] = served_by(server)
    await house.start(trigger(start="earliest"))
    await house.publish(*(asking(number) for number in range(20)))
    await house.until(lambda: house.lane().target.state is TargetState.HOLDING)

    await house.partition.steering.seek("default/t", 11, "tests")
    server.is_up = True
    await house.settle()

    counts = house.counts()
    assert sorted(set(server.seen[-10:])) == list(range(10, 20))
    assert (counts.matched, counts.delivered, counts.discarded) == (20, 10, 10)
