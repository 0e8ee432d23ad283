"""Dying at any moment: each (event, trigger) pair ends in exactly one place, with its reply."""

import asyncio

import pytest

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from tests.scenarios.house import House, numbered, trigger


def answer(delivery: Delivery) -> Outcome:
    """A third is refused, a third answered with a reply, the others taken."""
    number = int(delivery.event.id)
    if number % 3 == 0:
        return Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
    reply = numbered(1000 + number, type="answer") if number % 3 == 1 else None
    return Delivered(reply=reply)


# Checkpoints are 25 ms apart: these moments lie before, between and after several of them.
# The last event settled before the crash is a reply, a plain delivery, a dead letter.
@pytest.mark.parametrize("milliseconds", range(1, 66, 8))
@pytest.mark.parametrize("last", [28, 29, 30])
async def test_whenever_it_dies_nothing_is_lost_and_nothing_told_twice(
    house: House, last: int, milliseconds: int
) -> None:
    asked = trigger(filters=[{"exact": {"type": "t"}}])
    house.answers("t", answer)
    await house.start(asked)
    await house.publish(*(numbered(number) for number in range(1, last + 1)))
    await asyncio.sleep(milliseconds / 1000)
    await house.crash()

    await house.start(asked)
    await house.settle()

    assert set(map(int, house.ids())) == set(range(1, last + 1))
    dead = sorted(int(letter.event.id) for letter in await house.dead_letters())
    assert dead == list(range(3, last + 1, 3))
    assert await replies(house) == list(range(1001, 1001 + last, 3))
    counts = house.counts()
    assert (counts.matched, counts.delivered, counts.dead) == (last, last - len(dead), len(dead))


async def test_a_delivery_under_way_at_a_crash_is_made_again(house: House) -> None:
    house.answers("t", lambda _: Delivered())
    await house.start(trigger())
    house.sinks["t"].delay_seconds = 5.0
    await house.publish(numbered(1))
    await asyncio.sleep(0.1)
    house.sinks["t"].delay_seconds = 0.0
    await house.publish(numbered(2), numbered(3))
    await asyncio.sleep(0.5)
    await house.crash()
    before = house.ids()

    await house.start(trigger())
    await house.settle()

    assert before == ["2", "3"]
    assert house.ids() == ["2", "3", "1"]


async def replies(house: House) -> list[int]:
    """The ids of all events in the log that have a cause, in order."""
    stored = await house.engine.log.read(0, 1000, 1 << 20)
    return sorted(int(one.event.id) for one in stored if one.cause is not None)
