"""A producer that goes on through all deaths; the truth is what the topic holds in the end."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from broker.event import Event, StoredEvent
from tests.faults.process import Program
from tests.servers.kafka import Kafka

PARTITIONS = 3
PAUSE_SECONDS = 0.01
RECORDS_AT_ONCE = 5
# An idempotent producer repeats for so long, and neither loses nor doubles what it repeats.
REQUEST_MILLISECONDS = 60_000


class KafkaOrigin:
    has_server = True

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self._kafka = kafka
        self._topic = topic
        self._is_resting = False

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
        producer = AIOKafkaProducer(
            bootstrap_servers=self._kafka.bootstrap,
            enable_idempotence=True,
            request_timeout_ms=REQUEST_MILLISECONDS,
        )
        async with producer:
            number = 0
            while not self._is_resting:
                for _ in range(RECORDS_AT_ONCE):
                    partition = number % PARTITIONS
                    await producer.send(self._topic, b"%d" % number, partition=partition)
                    number += 1
                await asyncio.sleep(PAUSE_SECONDS)
            await producer.flush()

    def rest(self) -> None:
        self._is_resting = True

    async def die(self) -> None:
        await asyncio.to_thread(self._kafka.restart)

    async def expected(self, stored: Sequence[StoredEvent]) -> Counter[str]:
        """All that the topic holds, read by somebody else."""
        partitions = [TopicPartition(self._topic, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(bootstrap_servers=self._kafka.bootstrap)
        found: Counter[str] = Counter()
        async with consumer:
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            await consumer.seek_to_beginning(*partitions)
            while found.total() < sum(ends.values()):
                page = await consumer.getmany(timeout_ms=1000)
                found.update(
                    (record.value or b"").decode()
                    for records in page.values()
                    for record in records
                )
        return found

    def label_of(self, event: Event) -> str:
        return (event.data or b"").decode()


async def make(_folder: Path, request: pytest.FixtureRequest) -> KafkaOrigin:
    kafka: Kafka = request.getfixturevalue("kafka")
    topic = f"deaths-{uuid4().hex[:8]}"
    await kafka.create_topic(topic, PARTITIONS)
    return KafkaOrigin(kafka, topic)
