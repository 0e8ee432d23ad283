"""The door of a source: all of what it gives is stored, told about, or waited for."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from broker.codec import Limits, make_event
from broker.errors import HeadraceError, Overloaded
from broker.event import Event
from broker.intake_options import IntakeOptions
from deploy.sources.outlet import SourceOutlet, wait_seconds
from sources.refused import REFUSED_TYPE
from sources.spec import SourceSpec
from tests.sources.inside import Inside

SPEC = SourceSpec("PingSource", "default/ticks", "default/default", options=None)


def event(id: str, data: bytes = b"{}", **more: str) -> Event:
    attributes = {"specversion": "1.0", "type": "thing.happened", "source": "/test", "id": id}
    return make_event(attributes | more, data)


@pytest.fixture
async def inside() -> AsyncIterator[Inside]:
    made = Inside(options=IntakeOptions(limits=Limits(event_bytes=100)))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def outlet(inside: Inside) -> SourceOutlet:
    return inside.outlet(SPEC)


async def refused_data(inside: Inside) -> list[Any]:
    stored = await inside.stored()
    return [orjson.loads(one.event.data or b"") for one in stored if one.event.type == REFUSED_TYPE]


async def test_events_and_records_come_back_after_a_crash(
    inside: Inside, outlet: SourceOutlet
) -> None:
    await outlet.publish([event("a"), event("b")], {"position": b"2", "other": b"x"})

    await inside.crash()

    after = inside.outlet(SPEC)
    assert [one.event.id for one in await inside.stored()] == ["a", "b"]
    assert await after.record("position") == b"2"
    assert await after.scan() == [("other", b"x"), ("position", b"2")]


async def test_a_record_may_be_written_without_events_and_removed(outlet: SourceOutlet) -> None:
    await outlet.publish([], {"position": b"2"})
    await outlet.publish([], {"position": None})

    found = await outlet.record("position")

    assert found is None


async def test_a_scan_goes_on_after_a_key_and_stays_below_the_own_ones(
    inside: Inside, outlet: SourceOutlet
) -> None:
    other = inside.outlet(SourceSpec("PingSource", "default/tick", "default/default", None))
    await other.publish([], {"s/0": b"", "position": b""})
    await outlet.publish([], {f"file/{number}": b"" for number in range(5)})

    first = await outlet.scan("file/", limit=2)
    then = await outlet.scan("file/", after=first[-1][0])

    assert [key for key, _ in first] == ["file/0", "file/1"]
    assert [key for key, _ in then] == ["file/2", "file/3", "file/4"]


async def test_while_the_broker_takes_nothing_publish_waits(
    inside: Inside, outlet: SourceOutlet
) -> None:
    inside.refusal = Overloaded("full", retry_after_seconds=0.01)
    publishing = asyncio.create_task(outlet.publish([event("a")]))
    await asyncio.sleep(0.1)
    was_waiting = not publishing.done()

    inside.refusal = None
    async with asyncio.timeout(60):
        await publishing

    assert was_waiting
    assert [one.event.id for one in await inside.stored()] == ["a"]


async def test_waits_grow_and_have_a_cap() -> None:
    error = Overloaded("full", retry_after_seconds=None)

    waits = [wait_seconds(error, tries, chance=1.0) for tries in (1, 2, 3, 100)]

    assert waits == [0.1, 0.2, 0.4, 5.0]


async def test_an_event_over_the_limit_is_told_about_in_its_place(
    inside: Inside, outlet: SourceOutlet
) -> None:
    await outlet.publish([event("a"), event("big", b"x" * 101), event("c")], {"position": b"3"})

    stored = [one.event for one in await inside.stored()]

    assert [one.id for one in (stored[0], stored[2])] == ["a", "c"]
    assert stored[1].type == REFUSED_TYPE
    (told,) = await refused_data(inside)
    assert told["code"] == "too-large"
    assert told["event"]["id"] == "big"
    assert await outlet.record("position") == b"3"


async def test_the_same_identity_with_other_data_is_told_about(
    inside: Inside, outlet: SourceOutlet
) -> None:
    await outlet.publish([event("a")])

    await outlet.publish([event("a", b"[]"), event("b")], {"position": b"2"})

    (told,) = await refused_data(inside)
    assert told["code"] == "duplicate-differs"
    assert outlet.counts.refused == 1
    assert await outlet.record("position") == b"2"


async def test_a_type_of_headrace_itself_is_told_about(
    inside: Inside, outlet: SourceOutlet
) -> None:
    await outlet.publish([event("a", type="dev.headrace.system.forged"), event("b")])

    (told,) = await refused_data(inside)

    assert told["code"] == "reserved-type"
    assert [one.event.id for one in await inside.stored()][1] == "b"


async def test_all_kinds_of_refusal_at_once_leave_the_others(
    inside: Inside, outlet: SourceOutlet
) -> None:
    await outlet.publish([event("a")])

    await outlet.publish([event("a", b"[]"), event("big", b"x" * 101), event("c"), event("d")])

    codes = {told["code"] for told in await refused_data(inside)}
    assert codes == {"duplicate-differs", "too-large"}
    assert {"c", "d"} <= {one.event.id for one in await inside.stored()}


async def test_a_repeat_is_stored_once_and_its_records_all_the_same(
    inside: Inside, outlet: SourceOutlet
) -> None:
    await outlet.publish([event("a")], {"position": b"1"})

    await outlet.publish([event("a")], {"position": b"2"})

    assert len(await inside.stored()) == 1
    assert outlet.counts.duplicates == 1
    assert await outlet.record("position") == b"2"


async def test_two_sources_may_give_the_same_identity(inside: Inside) -> None:
    other = SourceSpec("PingSource", "default/other", "default/default", None)

    await inside.outlet(SPEC).publish([event("a")])
    await inside.outlet(other).publish([event("a", b"[]")])

    assert [one.event.data for one in await inside.stored()] == [b"{}", b"[]"]


async def test_who_offers_hears_of_every_refusal(inside: Inside, outlet: SourceOutlet) -> None:
    told: list[tuple[HeadraceError | None, bool]] = []
    inside.refusal = Overloaded("full")
    outlet.offer([event("a")], lambda error, repeat: told.append((error, repeat)))
    inside.refusal = None

    outlet.offer([event("a", b"x" * 101)], lambda error, repeat: told.append((error, repeat)))
    outlet.offer([event("a")], lambda error, repeat: told.append((error, repeat)))
    await inside.until(lambda: len(told) == 3)
    outlet.offer([event("a")], lambda error, repeat: told.append((error, repeat)))
    await inside.until(lambda: len(told) == 4)

    assert [error.code if error else None for error, _ in told] == [
        "overloaded", "too-large", None, None,
    ]  # fmt: skip
    assert [repeat for _, repeat in told] == [False, False, False, True]
