"""Chunks into publishes: as many as fit, in their order, with the offsets that follow them."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from broker.codec import make_event
from broker.event import Event
from sources.kafka.events import EventMaker
from sources.kafka.publishing import Batch, Publisher
from sources.kafka.reading import Chunk, Chunks, Progress
from sources.kafka.topics import Place
from sources.source import NO_RECORDS, PlaceOf, Records
from tests.sources.inside import Inside
from tests.sources.kafka.records import SPEC

ONE, TWO = Place("orders", 1), Place("orders", 2)


def chunk(place: Place, first: int, count: int, data: bytes = b"x", past: int = 0) -> Chunk:
    """`count` events from offset `first` on, and `past` offsets without any."""
    events = [
        make_event({"specversion": "1.0", "id": f"{place}/{at}", "source": "/s", "type": "t"}, data)
        for at in range(first, first + count)
    ]
    size_bytes = sum(event.size_bytes for event in events)
    return Chunk(place, first + count + past, events, range(first, first + count), size_bytes)


class Counting:
    """An outlet that notes what each publish holds, before the door of `inside` gets it."""

    def __init__(self, inside: Inside) -> None:
        self._outlet = inside.outlet(SPEC)
        self.standing = inside.standing
        self.offer = self._outlet.offer
        self.record = self._outlet.record
        self.scan = self._outlet.scan
        self.sizes: list[int] = []
        self.records: list[Records] = []
        self.places: list[str] = []

    async def publish(
        self,
        events: Sequence[Event],
        records: Records = NO_RECORDS,
        place_of: PlaceOf | None = None,
    ) -> None:
        self.sizes.append(len(events))
        self.records.append(records)
        if place_of is not None:
            self.places += [place_of(index) for index in range(len(events))]
        await self._outlet.publish(events, records, place_of)


@pytest.fixture
async def outlet() -> AsyncIterator[Counting]:
    inside = Inside()
    await inside.open()
    yield Counting(inside)
    await inside.close()


async def published(outlet: Counting, *chunks: Chunk) -> Progress:
    """All of `chunks` as they wait together."""
    waiting: Chunks = asyncio.Queue()
    for one in chunks:
        waiting.put_nowait(one)
    waiting.put_nowait(None)
    progress = Progress({}, {}, {})
    makers = {"orders": EventMaker(SPEC, "orders", "")}
    await Publisher(outlet, waiting, makers, progress).run()
    return progress


async def test_what_waits_together_is_stored_together(outlet: Counting) -> None:
    progress = await published(outlet, chunk(ONE, 5, 3), chunk(TWO, 9, 1), chunk(ONE, 8, 2))

    assert outlet.sizes == [6]
    assert outlet.records == [{"at/orders/1": b'{"next":10}', "at/orders/2": b'{"next":10}'}]
    assert progress.stored == {ONE: 10, TWO: 10}


async def test_no_publish_has_more_events_than_it_may(outlet: Counting) -> None:
    await published(outlet, *[chunk(ONE, at, 125) for at in range(0, 1250, 125)])

    assert outlet.sizes == [500, 500, 250]
    assert [dict(one)["at/orders/1"] for one in outlet.records] == [
        b'{"next":500}',
        b'{"next":1000}',
        b'{"next":1250}',
    ]


async def test_no_publish_has_more_bytes_than_it_may_but_for_a_single_event(
    outlet: Counting,
) -> None:
    large, larger = b"x" * 400_000, b"x" * 900_000

    await published(
        outlet, *[chunk(ONE, at, 1, large) for at in range(4)], chunk(ONE, 4, 1, larger)
    )

    assert outlet.sizes == [2, 2, 1]


async def test_offsets_without_events_go_with_the_next_events(outlet: Counting) -> None:
    await published(outlet, chunk(ONE, 5, 0, past=7), chunk(TWO, 1, 1))

    assert outlet.sizes == [1]
    assert outlet.records == [{"at/orders/1": b'{"next":12}', "at/orders/2": b'{"next":2}'}]


async def test_offsets_without_events_are_stored_when_no_events_come(outlet: Counting) -> None:
    await published(outlet, chunk(ONE, 5, 0, past=7))

    assert outlet.sizes == [0]
    assert outlet.records == [{"at/orders/1": b'{"next":12}'}]


async def test_each_event_is_known_by_its_place(outlet: Counting) -> None:
    await published(outlet, chunk(ONE, 5, 1), chunk(TWO, 9, 1))

    assert outlet.places == ["orders partition:1/offset:5", "orders partition:2/offset:9"]


def test_the_first_chunk_always_fits() -> None:
    batch = Batch()

    assert batch.fits(chunk(ONE, 0, 1, b"x" * 3_000_000))
