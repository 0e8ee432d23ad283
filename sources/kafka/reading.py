"""Reading what one broker leads: answers of fetches into chunks, which wait to be published.

What is read ahead is bounded: one answer in hand, and the chunks of a queue that waits when it
is full.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import KafkaError
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from broker.clock import Clock
from broker.event import Event
from sources.kafka.cluster import Cluster, Fetched, Moved
from sources.kafka.events import EventMaker
from sources.kafka.failures import OUT_OF_RANGE, failure_of
from sources.kafka.positions import Lost, lost
from sources.kafka.topics import EARLIEST, LATEST, Layout, Place
from sources.kafka.wire import READ_COMMITTED
from sources.refused import refused_event
from sources.spec import SourceSpec

CHUNK_EVENTS_MAX = 125  # as long as other work of this process may wait
CHUNK_BYTES_MAX = 256 * 1024
CHUNKS_MAX = 8  # that wait to be published


class Chunk(NamedTuple):
    """Events of one partition, in its order, and the offset that follows them.

    Without events where there are none between two offsets: marks of transactions, what was
    aborted, what compaction removed.
    """

    place: Place
    next: int
    events: Sequence[Event]
    offsets: Sequence[int]  # of the events
    bytes: int


Chunks = asyncio.Queue[Chunk | None]


@dataclass(slots=True)
class Progress:
    """How far it is; by partition, the next offset of each stage."""

    read: dict[Place, int]
    stored: dict[Place, int]
    ends: dict[Place, int]

    @property
    def lag(self) -> int | None:
        """Records that are known to wait; None before every partition has told its end."""
        if self.ends.keys() < self.stored.keys():
            return None
        return sum(max(0, self.ends[place] - at) for place, at in self.stored.items())


class Reader:
    """Reads `places`, all of which broker `node` leads, until it is cancelled."""

    def __init__(
        self,
        spec: SourceSpec,
        cluster: Cluster,
        layout: Layout,
        makers: Mapping[str, EventMaker],
        progress: Progress,
        chunks: Chunks,
        clock: Clock,
    ) -> None:
        self._spec = spec
        self._cluster = cluster
        self._layout = layout
        self._makers = makers
        self._progress = progress
        self._chunks = chunks
        self._clock = clock

    async def run(self, node: int, places: Sequence[Place]) -> None:
        """Raises Moved where the layout is another by now, and whatever Kafka refuses."""
        turn = deque(places)
        while True:
            read = self._progress.read
            wanted = [(place, read[place]) for place in turn]
            turn.rotate(-1)  # a broker fills its answer in this order
            for found in await self._cluster.fetch(self._layout, node, wanted):
                await self._take(found)

    async def _take(self, found: Fetched) -> None:
        place = found.place
        if found.code == OUT_OF_RANGE:
            await self._pass_over(place)
            return
        if found.code:
            raise self._cluster.failure(found.code, place.topic)
        self._progress.ends[place] = found.end
        if found.records:
            at, maker = self._progress.read[place], self._makers[place.topic]
            for chunk in chunks_of(found, at, maker, self._clock.now()):
                await self._hand_over(chunk)
                await asyncio.sleep(0)  # decoding may not hold up the rest of the process

    async def _hand_over(self, chunk: Chunk) -> None:
        await self._chunks.put(chunk)
        self._progress.read[chunk.place] = chunk.next

    async def _pass_over(self, place: Place) -> None:
        """Kafka has no such offset: tell what is gone, go on at the first record there is."""
        wanted = self._progress.read[place]
        begin = (await self._cluster.offsets(self._layout, {place: EARLIEST}))[place]
        end = (await self._cluster.offsets(self._layout, {place: LATEST}))[place]
        gone = lost(place, wanted, begin, end)
        if gone is None:
            raise Moved("its offsets are not known yet", where=str(place))
        event = event_of(gone, self._spec, place, self._clock.now())
        await self._hand_over(Chunk(place, gone.next, [event], [wanted], event.size_bytes))


def event_of(gone: Lost, spec: SourceSpec, place: Place, now: datetime) -> Event:
    found = {"topic": place.topic, "partition": place.partition, "next": gone.next}
    return refused_event(spec, gone.what, gone.error, now, found)


def chunks_of(found: Fetched, at: int, maker: EventMaker, now: datetime) -> Iterator[Chunk]:
    """What `found` has from offset `at` on, in order; nothing where it has nothing.

    Raises HeadraceError where it cannot be decoded.
    """
    place = found.place
    records = PartitionRecords(
        TopicPartition(*place), MemoryRecords(found.records), found.aborted, at, None, None,
        True, READ_COMMITTED,
    )  # fmt: skip
    events: list[Event] = []
    offsets: list[int] = []
    size_bytes = 0
    try:
        for record in records:
            event = maker.make(record, now)
            events.append(event)
            offsets.append(record.offset)
            size_bytes += event.size_bytes
            if len(events) == CHUNK_EVENTS_MAX or size_bytes >= CHUNK_BYTES_MAX:
                at = record.offset + 1
                yield Chunk(place, at, events, offsets, size_bytes)
                events, offsets, size_bytes = [], [], 0
    except (KafkaError, OSError, EOFError, ValueError, zlib.error) as error:
        raise failure_of(error, str(place)) from error
    if records.next_fetch_offset > at:
        yield Chunk(place, records.next_fetch_offset, events, offsets, size_bytes)
