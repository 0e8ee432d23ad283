"""Kafka is real: it lets in whom it knows, keeps its records over a kill, forgets on demand."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from tests.servers.kafka import Kafka
from tests.servers.kafka_settings import MECHANISMS

CUT_SECONDS = 1.0


async def _produce(kafka: Kafka, topic: str, *values: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def _first(bootstrap: str, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    async with consumer:
        value: bytes | None = (await consumer.getone()).value
    return value


async def _dial(
    bootstrap: str, protocol: str, options: Mapping[str, Any], password: str | None = None
) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        security_protocol=protocol,
        sasl_plain_password=password,
        **options,
    )
    try:
        await producer.start()
    finally:
        await producer.stop()


async def test_kafka_keeps_its_records_over_a_kill(kafka: Kafka) -> None:
    await kafka.create_topic("kept")
    await _produce(kafka, "kept", b"one")

    kafka.restart()

    assert await _first(kafka.bootstrap, "kept") == b"one"


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_kafka_knows_its_user_by_every_mechanism(kafka: Kafka, mechanism: str) -> None:
    login = {"sasl_mechanism": mechanism, "sasl_plain_username": kafka.user}

    await _dial(kafka.sasl_bootstrap, "SASL_PLAINTEXT", login, kafka.password)

    with pytest.raises(KafkaConnectionError):
        await _dial(kafka.sasl_bootstrap, "SASL_PLAINTEXT", login, "wrong")


async def test_kafka_speaks_tls_to_who_trusts_its_authority(kafka: Kafka) -> None:
    made = kafka.certificates
    trusting = ssl.create_default_context(cafile=str(made.authority))
    known = ssl.create_default_context(cafile=str(made.authority))
    known.load_cert_chain(made.client, made.client_key)

    await _dial(kafka.tls_bootstrap, "SSL", {"ssl_context": trusting})
    await _dial(kafka.mutual_tls_bootstrap, "SSL", {"ssl_context": known})

    with pytest.raises(KafkaConnectionError):
        await _dial(kafka.mutual_tls_bootstrap, "SSL", {"ssl_context": trusting})


async def test_kafka_forgets_records_as_retention_does(kafka: Kafka) -> None:
    await kafka.create_topic("forgotten")
    await _produce(kafka, "forgotten", b"one", b"two", b"three")

    await kafka.delete_records("forgotten", partition=0, offset=2)

    assert await _first(kafka.bootstrap, "forgotten") == b"three"


async def test_clients_of_kafka_stay_behind_its_proxy(kafka: Kafka) -> None:
    await kafka.create_topic("proxied")
    with kafka.proxy() as proxy:
        async with AIOKafkaProducer(bootstrap_servers=proxy.address) as producer:
            await producer.send_and_wait("proxied", b"one")

            proxy.cut()
            sending = asyncio.create_task(producer.send_and_wait("proxied", b"two"))
            arrived, _ = await asyncio.wait([sending], timeout=CUT_SECONDS)
            proxy.mend()

            await sending
    assert not arrived


async def test_a_frozen_kafka_answers_when_it_is_thawed(kafka: Kafka) -> None:
    await kafka.create_topic("frozen")
    await _produce(kafka, "frozen", b"one")
    kafka.freeze()
    reading = asyncio.create_task(_first(kafka.bootstrap, "frozen"))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(reading), 0.3)

    kafka.thaw()
    assert await reading == b"one"
