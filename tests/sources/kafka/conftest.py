"""A KafkaSource over a real door, and a topic of a real Kafka of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.servers.kafka import Kafka
from tests.sources.kafka.reading import Reading


@pytest.fixture
async def reading(kafka: Kafka) -> AsyncIterator[Reading]:
    made = Reading(kafka)
    await made.inside.open()
    yield made
    await made.inside.close()
