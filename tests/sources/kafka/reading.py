"""A source, the topics that it reads, and what it has stored of them."""

import asyncio
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from broker.event import Event
from broker.intake_options import IntakeOptions
from sources.kafka.cluster import Cluster
from sources.kafka.options import KafkaOptions
from sources.kafka.source import KafkaSource
from sources.source import Source
from sources.spec import SourceSpec
from tests.servers.kafka import Kafka
from tests.sources.inside import Inside


class Reading:
    """`topic` is the test's own; `options` may be replaced before `begin`."""

    def __init__(self, kafka: Kafka, inside: IntakeOptions | None = None) -> None:
        self.kafka = kafka
        self.inside = Inside(options=inside)
        self.topic = f"t-{uuid.uuid4().hex[:10]}"
        self.options = KafkaOptions(
            (kafka.bootstrap,),
            f"group-{self.topic}",
            (self.topic,),
            beginning="earliest",
            request_seconds=5.0,
            refresh_seconds=0.3,
        )

    @property
    def spec(self) -> SourceSpec:
        return SourceSpec("KafkaSource", "shop/orders", "shop/default", self.options)

    def change(self, **changes: Any) -> None:
        self.options = replace(self.options, **changes)

    def make(self) -> Source:
        return KafkaSource(self.spec, self.inside.supplies)

    async def begin(self) -> None:
        """Run it until it has found Kafka."""
        connections = self.inside.connections
        self.inside.start(self.make(), self.spec)
        await self.inside.until(lambda: self.inside.connections > connections)

    async def create(self, partitions: int = 1, **config: str) -> None:
        settings = {name.replace("_", "."): value for name, value in config.items()}
        await self.kafka.create_topic(self.topic, partitions, settings)
        await self._until_there()

    async def _until_there(self) -> None:
        """Kafka says that it made a topic before all of it knows."""
        cluster = Cluster(KafkaOptions((self.kafka.bootstrap,), ""))
        try:
            async with asyncio.timeout(20.0):
                while not (await cluster.layout([self.topic])).by_leader():
                    await asyncio.sleep(0.02)
        finally:
            await cluster.close()

    async def add_partitions(self, count: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
        await admin.start()
        try:
            await admin.create_partitions({self.topic: NewPartitions(count)})
        finally:
            await admin.close()

    async def produce(
        self,
        values: Iterable[bytes | None],
        partition: int = 0,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        topic: str | None = None,
    ) -> None:
        """All of `values`, in order, acknowledged."""
        async with self.producer() as producer:
            for value in values:
                await producer.send(
                    topic or self.topic, value, key=key, partition=partition, headers=list(headers)
                )
            await producer.flush()

    def producer(self, **settings: Any) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self.kafka.bootstrap,
            max_request_size=8 * 1024 * 1024,
            **{"enable_idempotence": True, **settings},
        )

    async def held(self, partition: int = 0) -> list[bytes | None]:
        """The values that Kafka itself has, in their order."""
        place = TopicPartition(self.topic, partition)
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap) as consumer:
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end = (await consumer.end_offsets([place]))[place]
            found: list[bytes | None] = []
            async with asyncio.timeout(30.0):
                while await consumer.position(place) < end:
                    records = (await consumer.getmany(timeout_ms=1_000)).get(place, ())
                    found += [record.value for record in records]
            return found

    async def stored(self, count: int) -> list[Event]:
        """The events once there are at least `count`."""
        return [one.event for one in await self.inside.until_stored(count)]

    async def data(self, count: int) -> list[bytes | None]:
        return [event.data for event in await self.stored(count)]

    async def position(self, partition: int = 0) -> bytes | None:
        """The record of a partition, as it is on disk."""
        return await self.inside.outlet(self.spec).record(f"at/{self.topic}/{partition}")

    async def until_at(self, offset: int, partition: int = 0) -> None:
        """Until everything before `offset` is done with, whether it was an event or none."""
        async with asyncio.timeout(20.0):
            while await self.position(partition) != b'{"next":%d}' % offset:
                running = self.inside.running
                if running is not None and running.done():
                    running.result()
                await asyncio.sleep(0.02)

    async def failure(self) -> BaseException | None:
        """What the run that is under way ends with, or a new one."""
        running = self.inside.running or self.inside.start(self.make(), self.spec)
        async with asyncio.timeout(30.0):
            await asyncio.wait((running,))
        self.inside.running = None
        return running.exception()

    async def refused(self) -> list[dict[str, Any]]:
        """The data of events that stand in for what could not be read."""
        stored = await self.inside.stored()
        return [
            orjson.loads(one.event.data or b"")
            for one in stored
            if one.event.type.startswith("dev.headrace.system.")
        ]
