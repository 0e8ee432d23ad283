"""Replies: counted hops, bounded size, one per delivery."""

import pytest

from broker.codec import Limits
from broker.delivery import Reason
from broker.event import Cause
from broker.hops import hops_of
from broker.intake_options import IntakeOptions
from broker.storage.rows import Reply
from tests.broker.door import event, open_door

CAUSE = Cause(7, "default/classify")


async def test_a_reply_carries_one_hop_more_than_its_cause() -> None:
    door = await open_door()

    reply = door.intake.admit_reply(event(headracehops="99"), CAUSE, "d1", hops_of_cause=3)

    assert isinstance(reply, Reply)
    assert (hops_of(reply.event), reply.event.data, reply.cause) == (4, b"1", CAUSE)
    assert b"ce-headracehops: 4\r\n" in reply.event.head


@pytest.mark.parametrize(
    ("reply", "hops", "reason"),
    [
        (event(), 16, Reason.HOPS),
        (event(data=b"x" * 2000), 0, Reason.TOO_LARGE),
        (event(type="dev.headrace.system.x"), 0, Reason.REPLY_REFUSED),
    ],
)
async def test_a_reply_that_may_not_be_appended_says_why(
    reply: object, hops: int, reason: Reason
) -> None:
    door = await open_door(IntakeOptions(limits=Limits(event_bytes=2000)))

    assert door.intake.admit_reply(reply, CAUSE, "d1", hops) is reason  # type: ignore[arg-type]


async def test_the_last_hop_is_admitted() -> None:
    door = await open_door()

    assert isinstance(door.intake.admit_reply(event(), CAUSE, "d1", 15), Reply)


async def test_the_first_reply_of_a_delivery_counts() -> None:
    door = await open_door()
    first = door.intake.admit_reply(event(), CAUSE, "d1", 0)
    assert isinstance(first, Reply)

    door.intake.replies_stored([first])

    assert door.intake.admit_reply(event("2"), CAUSE, "d1", 0) is None
    assert isinstance(door.intake.admit_reply(event("2"), CAUSE, "d2", 0), Reply)


async def test_events_of_records_are_told_once_and_take_no_publishers_place() -> None:
    door = await open_door(IntakeOptions(dedupe_keys_max=100), is_eager=True)
    door.accept(event("published"))
    await door.answered()

    for number in range(1_000):
        told = door.intake.admit_reply(event(), CAUSE, f"job/{number}", 0, is_record=True)
        assert isinstance(told, Reply)
        door.intake.replies_stored([told])

    assert door.intake.admit_reply(event(), CAUSE, "job/999", 0, is_record=True) is None
    door.accept(event("published"))
    await door.answered(2)
    assert door.intake.counts.duplicates == 1


@pytest.mark.parametrize(("value", "hops"), [("3", 3), ("x", 0), ("-1", 0)])
def test_an_event_without_a_count_has_no_hops(value: str, hops: int) -> None:
    assert (hops_of(event(headracehops=value)), hops_of(event())) == (hops, 0)
