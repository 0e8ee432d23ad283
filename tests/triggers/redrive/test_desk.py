"""The verbs beside a store that changes under them, and the bounds of what they take on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from broker.delivery import Failed, OutcomeClass, Reason
from broker.storage.desk import Condition, DeadPage
from broker.storage.memory.desk import MemoryDesk
from broker.storage.rows import DeadLetter, DeadState
from tests.scenarios.house import House, numbered, trigger
from triggers.redrive import WHY, LetterDesk
from triggers.redrive.desk import SLICE_LETTERS, slices
from triggers.redrive.returning import ORDERED_PARKED_MAX

REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
ORDERED = trigger(order_by="partitionkey")


class ForgetfulDesk(MemoryDesk):
    """Its letters expire as soon as they have been read."""

    async def page(self, condition: Condition, cursor: str | None, limit: int) -> DeadPage:
        page = await super().page(condition, cursor, limit)
        await self.expire(page.items[0].dead_at + timedelta(seconds=1))
        return page


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """One dead letter of key `a`; what comes next is taken, slowly."""
    house = House()
    house.answers("t", [REFUSED])
    await house.start(ORDERED)
    await house.publish(numbered(1, partitionkey="a"))
    await house.settle()
    yield house
    await house.end()


async def the_letter(house: House) -> DeadLetter:
    (letter,) = await house.dead_letters()
    return letter


async def test_one_that_expires_meanwhile_leaves_nothing_behind(house: House) -> None:
    letter, partition = await the_letter(house), house.partition
    assert partition.desk is not None
    desk = LetterDesk(
        ForgetfulDesk(house.engine._state, house.clock),
        partition.ledger,
        partition._checkpointer,
        partition.desk._returning,
        house.clock,
    )

    acted = await desk.redrive([letter.id], "ann")
    await house.publish(numbered(2, partitionkey="a"))
    await house.settle()

    assert [(one.id, one.why) for one in acted.refused] == [(letter.id, "expired")]
    assert house.lane().parked_count == 0
    assert house.ids() == ["1", "2"], "its key must not wait for what never comes"


async def test_an_ordered_trigger_takes_on_only_so_many(house: House) -> None:
    letter, desk = await the_letter(house), house.partition.desk
    assert desk is not None
    house.lane().parked_count = ORDERED_PARKED_MAX

    acted = await desk.redrive([letter.id], "ann")
    house.lane().parked_count = 0

    assert [one.why for one in acted.refused] == ["busy"]
    assert (await the_letter(house)).state is DeadState.DEAD


async def test_verbs_at_the_same_time_move_each_letter_once(house: House) -> None:
    letter, desk = await the_letter(house), house.partition.desk
    assert desk is not None

    both = await asyncio.gather(*(desk.redrive([letter.id], who) for who in ("ann", "bob")))
    await house.settle()

    assert sorted(len(acted.moved) for acted in both) == [0, 1]
    assert house.ids() == ["1", "1"]


async def test_every_refusal_has_its_words(house: House) -> None:
    states = {state.value for state in DeadState}

    assert states | {"unknown", "trigger-gone", "busy", "not-accepted"} == set(WHY)


def test_each_id_is_in_one_slice() -> None:
    ids = [str(number) for number in range(SLICE_LETTERS + 1)]

    found = list(slices([*ids, "0", "1"]))

    assert [len(one) for one in found] == [SLICE_LETTERS, 1]
    assert [letter for one in found for letter in one] == ids
