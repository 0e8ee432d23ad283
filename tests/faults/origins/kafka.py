"""Producers through all deaths; the truth is what the topic holds in the end.

A record whose answer was lost may be there or not, or twice: then it is two records.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from broker.event import Event, StoredEvent
from tests.faults.process import Program
from tests.servers.kafka import Kafka

PARTITIONS = 3
PAUSE_SECONDS = 0.01
RECORDS_AT_ONCE = 5
START_SECONDS_MAX = 20.0
ANSWER_SECONDS_MAX = 10.0
STOP_SECONDS_MAX = 5.0
READ_SECONDS_MAX = 20.0
READERS_MAX = 4


class KafkaOrigin:
    has_server = True

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self._kafka = kafka
        self._topic = topic
        self._is_resting = False
        self._number = 0

    def document(self) -> str:
        return f"""
apiVersion: sources.knative.dev/v1
kind: KafkaSource
metadata: {{name: tested}}
spec:
  bootstrapServers: ["{self._kafka.bootstrap}"]
  topics: [{self._topic}]
  consumerGroup: {self._topic}
  initialOffset: earliest
"""

    def variables(self) -> dict[str, str]:
        return {}

    async def work(self, program: Program) -> None:
        """A producer for as long as one lives: after a death they may wait for ever."""
        while not self._is_resting:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._kafka.bootstrap, acks="all", request_timeout_ms=5_000
            )
            try:
                async with asyncio.timeout(START_SECONDS_MAX):
                    await producer.start()
                await self._produce(producer)
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(0.1)
            finally:
                with suppress(KafkaError, TimeoutError):
                    async with asyncio.timeout(STOP_SECONDS_MAX):
                        await producer.stop()

    async def _produce(self, producer: AIOKafkaProducer) -> None:
        """Until it is told to rest, or a few records are not taken in time."""
        while not self._is_resting:
            records = range(self._number, self._number + RECORDS_AT_ONCE)
            self._number += RECORDS_AT_ONCE
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                for number in records:
                    place = number % PARTITIONS
                    await producer.send(self._topic, b"%d" % number, partition=place)
                await producer.flush()
            await asyncio.sleep(PAUSE_SECONDS)

    def rest(self) -> None:
        self._is_resting = True

    async def die(self) -> None:
        await asyncio.to_thread(self._kafka.restart)

    async def expected(self, stored: Sequence[StoredEvent]) -> Counter[str]:
        """All that the topic holds, read by somebody else; by another if one gets stuck."""
        for _ in range(READERS_MAX):
            with suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(READ_SECONDS_MAX):
                    return await self._read()
        raise AssertionError("the topic cannot be read")

    async def _read(self) -> Counter[str]:
        partitions = [TopicPartition(self._topic, number) for number in range(PARTITIONS)]
        found: Counter[str] = Counter()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka.bootstrap, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            while found.total() < sum(ends.values()):
                page = await consumer.getmany(timeout_ms=1000)
                values = [record.value or b"" for records in page.values() for record in records]
                found.update(value.decode() for value in values)
        finally:
            with suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(STOP_SECONDS_MAX):
                    await consumer.stop()
        return found

    def label_of(self, event: Event) -> str:
        return (event.data or b"").decode()


async def make(_folder: Path, request: pytest.FixtureRequest) -> KafkaOrigin:
    kafka: Kafka = request.getfixturevalue("kafka")
    topic = f"deaths-{uuid4().hex[:8]}"
    await kafka.create_topic(topic, PARTITIONS)
    return KafkaOrigin(kafka, topic)
