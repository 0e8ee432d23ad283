"""KafkaSource: all partitions of its topics, read by this process alone.

A run is a row of rounds. A round begins with what the cluster has and what is stored, reads
until the layout changes, and ends with all that was read being published; so the next one
finds on disk where it goes on. Kafka's own assignment of partitions is not used: the store's
owner is fenced, and so are the positions with it.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

from broker.errors import HeadraceError, Unavailable
from sources.kafka.beginning import Beginner
from sources.kafka.cluster import Cluster, Moved
from sources.kafka.events import EventMaker
from sources.kafka.failures import MOVED, UNKNOWN_TOPIC, failure_of_code
from sources.kafka.group import Group
from sources.kafka.options import KafkaOptions
from sources.kafka.publishing import Publisher
from sources.kafka.reading import CHUNKS_MAX, Chunks, Progress, Reader
from sources.kafka.topics import LATEST, Layout, narrowed
from sources.source import Outlet, SourceSupplies
from sources.spec import SourceSpec
from sources.standing import Standing

CHECK_SECONDS_MAX = 15.0
DRAIN_SECONDS_MAX = 5.0
MOVES_MAX = 8  # rounds in a row that end at once: some ten seconds
MOVE_SECONDS = 0.1  # before the second of them; doubled with each
MOVE_SECONDS_MAX = 2.0
STEADY_SECONDS = 10.0
KEEP_EVERY = 10  # seconds between two looks at the group while nothing is stored
POSITION_CHARACTERS_MAX = 1000


class KafkaSource:
    """Implements `sources.source.Source`."""

    def __init__(self, spec: SourceSpec, supplies: SourceSupplies) -> None:
        self._spec = spec
        self._options: KafkaOptions = spec.options
        self._clock = supplies.clock
        self._chance = supplies.chance
        # It would write to stderr what is raised here and told in the log, in other words.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)

    async def run(self, outlet: Outlet) -> None:
        cluster = Cluster(self._options)
        group = Group(cluster, self._options.group, outlet.standing.notice)
        if self._options.sasl is not None and self._options.tls is None:
            outlet.standing.notice("the password goes to Kafka unencrypted: set net.tls.enable")
        try:
            await self._rounds(cluster, group, outlet)
        finally:
            outlet.standing.disconnect()
            await cluster.close()

    async def check(self) -> str:
        cluster = Cluster(self._options)
        moved = Moved("Kafka does not answer", remedy="see how its brokers do")
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                while True:
                    try:
                        return await self._checked(cluster)
                    except Moved as error:  # an election, a new topic: no time to look
                        moved = error
                    await asyncio.sleep(MOVE_SECONDS)
        except TimeoutError as error:
            raise moved from error
        finally:
            await cluster.close()

    async def _rounds(self, cluster: Cluster, group: Group, outlet: Outlet) -> None:
        moves = 0
        while True:
            begun_at = self._clock.monotonic()
            try:
                await self._round(cluster, group, outlet)
            except Unavailable as error:
                was_steady = self._clock.monotonic() - begun_at >= STEADY_SECONDS
                moves = 1 if was_steady else moves + 1
                is_moved = isinstance(error, Moved)
                if moves > MOVES_MAX or not (was_steady or is_moved):
                    raise
                # A broker that restarts, a login that ran out: by another connection all may
                # be well. If not, the next round ends at once and says so.
                if not is_moved:
                    await cluster.close()
            wait_seconds = min(MOVE_SECONDS_MAX, MOVE_SECONDS * 2 ** (moves - 1))
            await asyncio.sleep(wait_seconds * (0.5 + self._chance() / 2))

    async def _round(self, cluster: Cluster, group: Group, outlet: Outlet) -> None:
        """Read by one layout; ends by Moved, or by what went wrong."""
        layout = await self._layout(cluster)
        beginner = Beginner(self._spec, cluster, outlet, self._clock)
        begun = await beginner.begin(layout, _detail(cluster, layout))
        makers = {name: EventMaker(self._spec, name, mark) for name, mark in begun.marks.items()}
        progress = Progress(dict(begun.at), dict(begun.at), {})
        chunks: Chunks = asyncio.Queue(CHUNKS_MAX)
        reader = Reader(self._spec, cluster, layout, makers, progress, chunks, self._clock)
        readers = [reader.run(node, places) for node, places in layout.by_leader().items()]
        publisher = asyncio.create_task(Publisher(outlet, chunks, makers, progress).run())
        try:
            try:
                await _first_end(
                    publisher, *readers, self._keep(cluster, group, layout, progress, outlet)
                )
            except HeadraceError:
                await _drain(publisher, chunks)
                raise
        finally:
            publisher.cancel()
            await asyncio.gather(publisher, return_exceptions=True)

    async def _keep(
        self, cluster: Cluster, group: Group, layout: Layout, progress: Progress, outlet: Outlet
    ) -> None:
        """Each second: how it stands, and the group's offsets; less often a look at the layout."""
        refresh_seconds = 1.0 if layout.unled() else self._options.refresh_seconds
        refreshed_at = self._clock.monotonic()
        kept: Mapping[Any, int] = {}
        turn = 0
        while True:
            _show(outlet.standing, progress)
            if progress.stored != kept or turn % KEEP_EVERY == 0:
                kept = dict(progress.stored)
                await group.keep(layout, kept)
            turn += 1
            await asyncio.sleep(min(1.0, refresh_seconds))
            if self._clock.monotonic() - refreshed_at >= refresh_seconds:
                refreshed_at = self._clock.monotonic()
                if await self._layout(cluster) != layout:
                    raise Moved("topics, partitions or their leaders are others now")

    async def _layout(self, cluster: Cluster) -> Layout:
        """What it is to read, as the cluster has it now; raises what no waiting mends."""
        pattern = self._options.topic_pattern
        layout = await cluster.layout(self._options.topics if pattern is None else None)
        if pattern is not None:
            layout = narrowed(layout, pattern)
        for name, code in layout.errors.items():
            if code in MOVED - {UNKNOWN_TOPIC}:
                raise Moved("it has no leader yet", where=name)
            if code != UNKNOWN_TOPIC and pattern is None:
                raise failure_of_code(code, name)
        return layout

    async def _checked(self, cluster: Cluster) -> str:
        layout = await self._layout(cluster)
        if layout.errors:
            raise failure_of_code(UNKNOWN_TOPIC, ", ".join(layout.errors))
        await self._try_reading(cluster, layout)
        group = Group(cluster, self._options.group, lambda _: None)
        await group.committed(layout, list(layout.places()))
        topics = ", ".join(f"{name} ({len(one.leaders)})" for name, one in layout.topics.items())
        return (
            f"{_detail(cluster, layout)}; topics (partitions): {topics or 'none matches yet'}; "
            f"group {self._options.group} can be read"
        )

    async def _try_reading(self, cluster: Cluster, layout: Layout) -> None:
        ends = await cluster.offsets(layout, dict.fromkeys(layout.places(), LATEST))
        for node, places in layout.by_leader().items():
            for found in await cluster.fetch(layout, node, [(one, ends[one]) for one in places]):
                if found.code:
                    raise cluster.failure(found.code, found.place.topic)


async def _first_end(publisher: "asyncio.Task[None]", *others: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends; gives what it raises, when all but `publisher` have ended."""
    tasks = [asyncio.create_task(other) for other in others]
    try:
        done, _ = await asyncio.wait([publisher, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _drain(publisher: "asyncio.Task[None]", chunks: Chunks) -> None:
    """Have what was read stored, so that it is not read again: it is good, whatever happened."""
    if publisher.done():
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS_MAX):
            await chunks.put(None)
            await publisher


def _detail(cluster: Cluster, layout: Layout) -> str:
    count = len(layout.brokers)
    return f"{count} broker{'s' * (count != 1)} of cluster {layout.cluster}, by {cluster.server}"


def _show(standing: Standing, progress: Progress) -> None:
    standing.lag = progress.lag
    topics: dict[str, list[str]] = {}
    for place, at in sorted(progress.stored.items()):
        topics.setdefault(place.topic, []).append(f"{place.partition}={at}")
    shown = ", ".join(f"{name}: {' '.join(parts)}" for name, parts in topics.items())
    is_long = len(shown) > POSITION_CHARACTERS_MAX
    standing.position = f"{shown[:POSITION_CHARACTERS_MAX]}…" if is_long else shown
