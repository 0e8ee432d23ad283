"""A topic of a real Kafka broker as an outside."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer

from broker.event import Event
from sources.kafka.options import KafkaOptions, Sasl
from sources.kafka.source import KafkaSource
from sources.source import Source, SourceSupplies
from sources.spec import SourceSpec
from tests.servers.kafka import Kafka


class KafkaPeer:
    """One partition, so that there is one order."""

    is_ordered = True
    can_be_lost = True

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._count = 0
        self.topic = f"orders-{uuid.uuid4().hex[:8]}"
        self.spec = SourceSpec(
            "KafkaSource", "default/orders", "default/default", self.options(kafka.bootstrap)
        )

    def options(self, server: str) -> KafkaOptions:
        return KafkaOptions(
            (server,),
            f"group-{self.topic}",
            (self.topic,),
            beginning="earliest",
            request_seconds=5.0,
            refresh_seconds=0.5,
        )

    async def open(self) -> None:
        await self._kafka.create_topic(self.topic)

    def make(self, supplies: SourceSupplies) -> Source:
        return KafkaSource(self.spec, supplies)

    async def happen(self, count: int) -> Sequence[str]:
        labels = [f"order {self._count + index}" for index in range(count)]
        self._count += count
        producer = AIOKafkaProducer(
            bootstrap_servers=self._kafka.bootstrap, enable_idempotence=True
        )
        await producer.start()
        try:
            for label in labels:
                await producer.send(self.topic, label.encode())
            await producer.flush()
        finally:
            await producer.stop()
        return labels

    def label_of(self, event: Event) -> str:
        return (event.data or b"").decode()

    async def lose(self) -> None:
        await asyncio.to_thread(self._kafka.kill)

    async def find(self) -> None:
        await asyncio.to_thread(self._kafka.start)

    async def refuse(self) -> None:
        wrong = Sasl("PLAIN", self._kafka.user, "wrong")
        options = replace(self.options(self._kafka.sasl_bootstrap), sasl=wrong)
        self.spec = replace(self.spec, options=options)

    async def close(self) -> None:
        """The broker is mended before the next test that asks for it."""


async def make(request: pytest.FixtureRequest) -> KafkaPeer:
    peer = KafkaPeer(request.getfixturevalue("kafka"))
    await peer.open()
    return peer
