"""Groups as operators tend them, on a partition whose sink refuses everything."""

from collections.abc import AsyncIterator

import pytest

from broker.delivery import Delivered, Failed, OutcomeClass, Reason
from tests.scenarios.house import House, numbered, trigger
from triggers.groups import GroupDesk, GroupState, Remark, Tended

REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)


def desk_of(house: House) -> GroupDesk:
    assert house.partition.groups is not None
    return house.partition.groups


async def only_group(house: House) -> Tended:
    (group,) = await house.engine.desk.groups(None, 10)
    return desk_of(house).tended(group)


async def act(house: House, verb: str, **said: str) -> Tended:
    group = (await only_group(house)).group.id
    tended = await desk_of(house).act(verb, group, Remark(**said), "ann", "because")
    assert tended is not None
    return tended


async def fail(house: House, *numbers: int) -> None:
    await house.publish(*(numbered(number) for number in numbers))
    await house.settle()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """One group with one dead letter."""
    house = House()
    house.answers("t", lambda _: REFUSED)
    await house.start(trigger())
    await fail(house, 1)
    yield house
    await house.end()


async def test_a_group_is_open_until_somebody_says_otherwise(house: House) -> None:
    before = await only_group(house)

    after = await act(house, "acknowledge", note="see 4711", owner="ann")

    assert before.record.state is GroupState.OPEN
    assert after == await only_group(house)
    assert (after.record.state, after.record.owner) == (GroupState.ACKNOWLEDGED, "ann")


async def test_a_resolved_group_regresses_with_the_next_failure(house: House) -> None:
    resolved = await act(house, "resolve")

    await fail(house, 2)
    again = await only_group(house)

    assert resolved.record.state is GroupState.RESOLVED
    assert (again.record.state, again.record.is_regressed) == (GroupState.OPEN, True)


async def test_a_redrive_that_fails_again_is_another_failure(house: House) -> None:
    letter = (await only_group(house)).group.example
    await act(house, "resolve")

    assert house.partition.desk is not None
    await house.partition.desk.redrive([letter], "ann")
    await house.settle()

    assert (await only_group(house)).record.is_regressed


async def test_an_ignored_group_stays_ignored(house: House) -> None:
    await act(house, "ignore")

    await fail(house, 2)

    assert (await only_group(house)).record.state is GroupState.IGNORED


async def test_what_was_said_survives_a_crash_with_its_audit(house: House) -> None:
    await act(house, "resolve", note="rolled back")

    await house.crash()
    house.answers("t", lambda _: Delivered())
    await house.start(trigger())
    tended = await only_group(house)
    ((_, written),) = await house.engine.records.audit()

    assert (tended.record.state, tended.record.note) == (GroupState.RESOLVED, "rolled back")
    assert (written.verb, written.by, written.reason) == ("group.resolve", "ann", "because")


async def test_a_verb_that_changes_nothing_writes_no_audit(house: House) -> None:
    await act(house, "acknowledge")

    await act(house, "acknowledge")

    assert len(await house.engine.records.audit()) == 1


async def test_nobody_acts_on_a_group_that_there_is_not(house: House) -> None:
    assert await desk_of(house).act("resolve", "nothing", Remark(), "ann") is None
    assert await desk_of(house).find("nothing") is None
