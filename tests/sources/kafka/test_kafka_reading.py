"""Fetches of a real Kafka into chunks, bounded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from sources.kafka.cluster import Cluster, Moved
from sources.kafka.events import EventMaker
from sources.kafka.reading import CHUNK_EVENTS_MAX, Chunks, Progress, Reader, chunks_of
from sources.kafka.topics import Layout, Place
from tests.sources.kafka.moments import NOON
from tests.sources.kafka.reading import Reading
from tests.sources.kafka.records import SPEC


@asynccontextmanager
async def asking(reading: Reading) -> AsyncIterator[tuple[Cluster, Layout]]:
    cluster = Cluster(reading.options)
    try:
        yield cluster, await cluster.layout([reading.topic])
    finally:
        await cluster.close()


def without_ids(layout: Layout) -> Layout:
    """As brokers tell it that are older than ids."""
    topics = {name: replace(topic, id=None) for name, topic in layout.topics.items()}
    return replace(layout, topics=topics)


async def test_a_reader_stops_where_nobody_takes_what_it_has_read(reading: Reading) -> None:
    await reading.create()
    await reading.produce([b"x" * 100] * 2000)
    place = Place(reading.topic, 0)
    progress, chunks = Progress({place: 0}, {place: 0}, {}), Chunks(2)
    makers = {reading.topic: EventMaker(SPEC, reading.topic, "")}
    async with asking(reading) as (cluster, layout):
        reader = Reader(SPEC, cluster, layout, makers, progress, chunks, reading.inside.clock)
        running = asyncio.create_task(reader.run(layout.leader(place), [place]))

        await reading.inside.until(chunks.full)
        for _ in range(100):
            await asyncio.sleep(0)

        assert progress.read == {place: 2 * CHUNK_EVENTS_MAX}
        assert progress.ends == {place: 2000}
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_brokers_that_know_no_ids_are_read_by_name(reading: Reading) -> None:
    await reading.create()
    await reading.produce([b"one", b"two"])
    place = Place(reading.topic, 0)
    maker = EventMaker(SPEC, reading.topic, "")
    async with asking(reading) as (cluster, layout):
        (by_id,) = await cluster.fetch(layout, layout.leader(place), [(place, 0)])
        (by_name,) = await cluster.fetch(without_ids(layout), layout.leader(place), [(place, 0)])

    assert by_name == by_id
    (chunk,) = chunks_of(by_name, 1, maker, NOON)
    assert ([event.data for event in chunk.events], chunk.next) == ([b"two"], 2)


async def test_the_id_of_another_topic_is_no_silent_success(reading: Reading) -> None:
    await reading.create()
    place = Place(reading.topic, 0)
    async with asking(reading) as (cluster, layout):
        topic = replace(layout.topics[reading.topic], id=b"another topic id")
        other = replace(layout, topics={reading.topic: topic})

        (found,) = await cluster.fetch(other, layout.leader(place), [(place, 0)])

        assert isinstance(cluster.failure(found.code, reading.topic), Moved)
