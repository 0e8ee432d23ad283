"""Handing chunks over: as many as fit into one publish, with the offsets that follow them."""

import asyncio
from collections.abc import Mapping

from broker.event import Event
from sources.kafka.events import EventMaker
from sources.kafka.positions import at_record
from sources.kafka.reading import Chunk, Chunks, Progress
from sources.kafka.topics import Place
from sources.source import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Outlet

GAP_SECONDS_MAX = 1.0  # a position without events waits so long for events to be stored with


class Batch:
    """What goes into one commit."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.next: dict[Place, int] = {}
        self._origins: list[tuple[Place, int]] = []
        self._bytes = 0

    def fits(self, chunk: Chunk) -> bool:
        if not self.events:
            return True
        return (
            len(self.events) + len(chunk.events) <= BATCH_EVENTS_MAX
            and self._bytes + chunk.bytes <= BATCH_BYTES_MAX
        )

    def add(self, chunk: Chunk) -> None:
        self.events += chunk.events
        self._origins += [(chunk.place, offset) for offset in chunk.offsets]
        self._bytes += chunk.bytes
        self.next[chunk.place] = chunk.next

    def records(self) -> dict[str, bytes | None]:
        return dict(at_record(place, offset) for place, offset in self.next.items())

    def origin(self, index: int) -> tuple[Place, int]:
        """The partition and offset of an event."""
        return self._origins[index]


class Publisher:
    """Takes from `chunks` until it finds None there; one publish after the other keeps order."""

    def __init__(
        self, outlet: Outlet, chunks: Chunks, makers: Mapping[str, EventMaker], progress: Progress
    ) -> None:
        self._outlet = outlet
        self._chunks = chunks
        self._makers = makers
        self._progress = progress
        self._held: Chunk | None = None  # taken, and too much for the batch before
        self._is_last = False

    async def run(self) -> None:
        while not self._is_last:
            batch = await self._gathered()
            if batch.next:
                await self._publish(batch)

    async def _gathered(self) -> Batch:
        """All that waits and fits. Positions alone wait for events, but not for long."""
        batch = Batch()
        deadline: float | None = None
        while not batch.events and not self._is_last:
            try:
                async with asyncio.timeout_at(deadline):
                    self._add(batch, self._held or await self._chunks.get())
            except TimeoutError:
                break
            while not self._chunks.empty() and self._held is None:
                self._add(batch, self._chunks.get_nowait())
            if deadline is None:
                deadline = asyncio.get_running_loop().time() + GAP_SECONDS_MAX
        return batch

    def _add(self, batch: Batch, chunk: Chunk | None) -> None:
        self._held = None
        if chunk is None:
            self._is_last = True
        elif batch.fits(chunk):
            batch.add(chunk)
        else:
            self._held = chunk

    async def _publish(self, batch: Batch) -> None:
        def place_of(index: int) -> str:
            place, offset = batch.origin(index)
            return self._makers[place.topic].place(place.partition, offset)

        await self._outlet.publish(batch.events, batch.records(), place_of)
        self._progress.stored.update(batch.next)
