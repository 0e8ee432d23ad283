"""An edited dead letter: what may be changed, and where it is whatever happens."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from broker.codec import Limits
from broker.delivery import Delivered, Failed, OutcomeClass, Reason
from broker.errors import Invalid
from broker.storage.rows import DeadLetter, DeadState
from tests.contracts.store import letter
from tests.scenarios.house import House, numbered, trigger
from triggers.edits import PREFIX, document_of, edited_event, read_edit

LIMITS = Limits()
REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
JSON = letter("x", data=b'{"n": 1.0}')
PLAIN = letter("y", data=b"\x00\xfe")


def test_a_copy_has_an_id_of_its_own_that_points_back() -> None:
    document = document_of(PLAIN.event) | {"subject": "other"}

    edited = edited_event(PLAIN, document, LIMITS)

    assert (edited.id, edited.attributes["headraceoriginal"]) == ("e-y-edited-1", "e-y")
    assert (edited.attributes["subject"], edited.source) == ("other", PLAIN.event.source)


def test_data_that_is_not_changed_keeps_its_very_bytes() -> None:
    document = document_of(PLAIN.event) | {"subject": "other"}

    assert edited_event(PLAIN, document, LIMITS).data == PLAIN.event.data


def test_data_may_be_changed() -> None:
    document = document_of(PLAIN.event) | {"datacontenttype": "application/json"}
    document |= {"data_base64": None, "data": {"n": 2}}

    assert edited_event(PLAIN, document, LIMITS).data == b'{"n":2}'


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "other"}, "locked-attribute"),
        ({"source": "/other"}, "locked-attribute"),
        ({"headracehops": "1"}, "locked-attribute"),
        ({"type": "dev.headrace.system.deadletter.opened"}, "reserved-type"),
        ({"time": "yesterday"}, "bad-time"),
        ({"data": 1}, "data-twice"),
        ({}, "no-change"),
    ],
)
def test_what_may_not_be_said_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        edited_event(PLAIN, document_of(PLAIN.event) | change, LIMITS)

    assert refused.value.code == code


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    house.answers("t", lambda _: REFUSED)
    await house.start(trigger())
    await house.publish(numbered(1))
    await house.settle()
    yield house
    await house.end()


async def only_letter(house: House) -> DeadLetter:
    (found,) = await house.dead_letters()
    return found


async def edit(house: House) -> DeadLetter:
    dead = await only_letter(house)
    edited = edited_event(dead, document_of(dead.event) | {"subject": "mended"}, LIMITS)
    assert house.partition.desk is not None
    acted = await house.partition.desk.edit(dead.id, edited, "ann", "the subject was missing")
    assert acted.moved == (dead.id,)
    return dead


async def edits(house: House) -> list[str]:
    found = await house.engine.records.scan(PREFIX)
    return [read_edit(value).message for _, value, _ in found]


async def test_the_original_is_done_with_the_2xx_for_its_copy(house: House) -> None:
    house.answers("t", lambda _: Delivered())

    dead = await edit(house)
    under_way = await only_letter(house)
    await house.settle()
    done = await only_letter(house)

    assert (under_way.state, done.state) == (DeadState.REDRIVING, DeadState.REDRIVEN_EDITED)
    assert house.ids() == ["1", "1-edited-1"]
    assert (done.event.head, done.event.data) == (dead.event.head, dead.event.data)
    assert await edits(house) == []


async def test_a_copy_that_fails_leaves_the_original_dead_and_the_edit_kept(house: House) -> None:
    dead = await edit(house)

    await house.settle()
    again = await only_letter(house)

    assert (again.state, again.redrives, again.event.head) == (DeadState.DEAD, 1, dead.event.head)
    assert await edits(house) == ["HTTP 422"]
    assert house.counts().dead == 1


async def test_an_edit_goes_on_after_a_crash(house: House) -> None:
    house.sinks["t"].delay_seconds = 10.0
    await edit(house)

    await house.crash()
    house.answers("t", lambda _: Delivered())
    await house.start(trigger())
    await house.settle()

    assert (await only_letter(house)).state is DeadState.REDRIVEN_EDITED
    assert house.counts().redelivered == 1
    counts = house.counts()
    assert counts.matched == counts.delivered + counts.dead + counts.discarded


async def test_one_that_is_on_its_way_cannot_be_edited_again(house: House) -> None:
    house.sinks["t"].delay_seconds = 10.0
    dead = await edit(house)

    assert house.partition.desk is not None
    acted = await house.partition.desk.edit(dead.id, dead.event, "bob", "me too")

    assert [one.why for one in acted.refused] == ["redriving"]
    assert house.lane().parked_count == 1
