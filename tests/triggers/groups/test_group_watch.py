"""What is told of groups in the broker's own log, and to whom."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

import orjson
import pytest

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from tests.scenarios.house import BEGINNING, House, numbered, trigger
from triggers.groups import Remark
from triggers.groups.announcer import EVENTS_A_MINUTE

SYSTEM = "dev.headrace.system."
ALARMS = trigger("alarms", filters=[{"prefix": {"type": SYSTEM}}])
CATCH_ALL = trigger("t")


def refuse(delivery: Delivery) -> Outcome:
    """Each type fails in its own way, so that each makes a group."""
    message = f"no {delivery.event.type}"
    return Failed(OutcomeClass.BAD_INPUT, message, status=422, reason=Reason.REFUSED)


def never() -> datetime | None:
    return None


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """`t` takes all and refuses it, `alarms` hears what is told."""
    house = House()
    house.expiring_before = never
    house.answers("t", refuse)
    house.answers("alarms", lambda _: Delivered())
    await house.start(CATCH_ALL, ALARMS)
    yield house
    await house.end()


def told(house: House) -> list[str]:
    events = (delivery.event for delivery in house.sinks["alarms"].deliveries)
    return [event.type.removeprefix(SYSTEM) for event in events]


def data(house: House, index: int) -> Mapping[str, object]:
    found: Mapping[str, object] = orjson.loads(
        house.sinks["alarms"].deliveries[index].event.data or b""
    )
    return found


async def until_told(house: House, *what: str) -> None:
    await house.until(lambda: told(house) == list(what), hours=1)


async def act(house: House, verb: str) -> None:
    (group,) = await house.engine.desk.groups(None, 10)
    assert house.partition.groups is not None
    await house.partition.groups.act(verb, group.id, Remark(), "ann")


async def test_the_life_of_a_group_is_told(house: House) -> None:
    await house.publish(numbered(1))
    await until_told(house, "deadletter.opened")
    await house.publish(numbered(2))
    await house.settle()
    await act(house, "resolve")
    await until_told(house, "deadletter.opened", "deadletter.resolved")
    await house.publish(numbered(3))

    await until_told(house, "deadletter.opened", "deadletter.resolved", "deadletter.regressed")

    assert data(house, 0)["trigger"] == "default/t"
    assert data(house, 1)["by"] == "ann"
    assert data(house, 2)["total"] == 3


async def test_a_trigger_that_takes_all_gets_none_of_it(house: House) -> None:
    await house.publish(numbered(1))
    await until_told(house, "deadletter.opened")
    await house.settle()

    assert house.ids("t") == ["1"]


async def test_an_alarm_that_fails_opens_its_group_silently(house: House) -> None:
    house.answers("alarms", refuse)
    await house.publish(numbered(1))
    await until_told(house, "deadletter.opened")

    await house.until(lambda: house.counts("alarms").dead == 1)
    await house.publish(numbered(2, type="other"))
    await until_told(house, "deadletter.opened", "deadletter.opened")

    assert data(house, 1)["pattern"] == "no other"
    assert len(await house.engine.desk.groups("default/alarms", 10)) == 1


async def test_what_could_not_be_told_before_a_crash_is_told_after_it(house: House) -> None:
    house.expiring_before = None  # as if it had ended before it told anything
    await house.crash()
    await house.start(CATCH_ALL, ALARMS)
    await house.publish(numbered(1))
    await house.settle()

    house.expiring_before = never
    for _ in range(2):  # and it is told once
        await house.crash()
        await house.start(CATCH_ALL, ALARMS)
        await until_told(house, "deadletter.opened")


async def test_too_many_are_told_as_a_number(house: House) -> None:
    count = EVENTS_A_MINUTE + 15
    await house.publish(*(numbered(number, type=f"t{chr(97 + number % 26)}{'x' * (number // 26)}")
                          for number in range(count)))  # fmt: skip

    await house.until(lambda: "omitted" in told(house), hours=1)

    assert told(house)[:-1] == ["deadletter.opened"] * EVENTS_A_MINUTE
    assert data(house, -1)["count"] == 15


async def test_what_expires_soon_is_told_once_an_hour(house: House) -> None:
    await house.publish(numbered(1))
    await until_told(house, "deadletter.opened")
    await house.settle("alarms")
    house.expiring_before = lambda: BEGINNING + timedelta(days=1)

    await house.crash()
    await house.start(CATCH_ALL, ALARMS)
    await until_told(house, "deadletter.opened", "deadletter.expiring")
    began = house.clock.monotonic()
    await house.until(lambda: told(house)[2:] == ["deadletter.expiring"], hours=2)

    assert data(house, 1)["count"] == 1
    assert house.clock.monotonic() - began > 1800


async def test_records_of_groups_that_are_gone_are_swept(house: House) -> None:
    await house.publish(numbered(1))
    await until_told(house, "deadletter.opened")
    assert len(await house.engine.records.scan("desk/group/")) == 1

    await house.engine.desk.expire(house.clock.now() + timedelta(days=1))
    began = house.clock.monotonic()
    await house.until(lambda: house.clock.monotonic() - began > 4000)

    assert await house.engine.records.scan("desk/group/") == []


async def test_edits_of_dead_letters_that_are_gone_are_swept(house: House) -> None:
    await house.publish(numbered(1))
    await house.settle()
    (letter,) = await house.dead_letters()
    assert house.partition.desk is not None
    await house.partition.desk.edit(letter.id, letter.event, "ann", "mended")
    await house.settle()
    assert len(await house.engine.records.scan("desk/edit/")) == 1

    await house.engine.desk.expire(house.clock.now() + timedelta(days=1))
    began = house.clock.monotonic()
    await house.until(lambda: house.clock.monotonic() - began > 4000)

    assert await house.engine.records.scan("desk/edit/") == []


async def test_others_tell_of_themselves_through_the_desk(house: House) -> None:
    groups = house.partition.groups
    assert groups is not None

    for _ in range(2):  # the same once: known as a repeat
        groups.announce("redrive.finished", "job-1", "ended", {"delivered": 41})
    await until_told(house, "redrive.finished")
    await house.settle("alarms")

    assert data(house, 0) == {"delivered": 41}
    assert told(house) == ["redrive.finished"]
