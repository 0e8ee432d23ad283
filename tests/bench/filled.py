"""Real servers filled for the bench: 60,000 records of 1 KiB, 10,000 objects, 5,000 objects."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from broker.event import Event
from tests.servers.kafka import Kafka, find_kafka
from tests.servers.kubernetes import Kubernetes
from tests.servers.kubernetes_own import find_kubernetes
from tests.servers.minio import MinioServer, find_minio

NAME = "bench"
SIZE_BYTES = 1024
METADATA = {"name": NAME, "namespace": "default"}
WRITERS = 8


class FilledKafka:
    """Three partitions; the label of a record is its number."""

    count = 60_000

    def __init__(self, folder: Path) -> None:
        self._server: Kafka = find_kafka(folder)
        self._server.start()
        self._producer: AIOKafkaProducer | None = None

    def document(self) -> Mapping[str, Any]:
        spec = {
            "bootstrapServers": [self._server.bootstrap],
            "topics": [NAME],
            "consumerGroup": NAME,
            "initialOffset": "earliest",
        }
        api_version = "sources.knative.dev/v1"
        return {
            "apiVersion": api_version,
            "kind": "KafkaSource",
            "metadata": METADATA,
            "spec": spec,
        }

    def variables(self) -> Mapping[str, str]:
        return {}

    async def fill(self) -> None:
        await self._server.create_topic(NAME, 3)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._server.bootstrap, linger_ms=5, max_batch_size=262_144
        )
        await self._producer.start()
        for number in range(self.count):
            await self._producer.send(NAME, _record(number), partition=number % 3)
        await self._producer.flush()

    async def happen(self, number: int) -> str:
        assert self._producer is not None, "fill() comes first"
        record = _record(self.count + number)
        await self._producer.send_and_wait(NAME, record, partition=number % 3)
        return _label(record)

    def label_of(self, event: Event) -> str:
        return _label(event.data or b"")

    async def rest(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    def close(self) -> None:
        self._server.close()


def _record(number: int) -> bytes:
    return (b'{"number": %12d, "filling": "' % number).ljust(SIZE_BYTES - 2, b"x") + b'"}'


def _label(record: bytes) -> str:
    return record[11:23].decode().strip()


class FilledBucket:
    """Small objects; the label is the key."""

    count = 10_000

    def __init__(self, folder: Path) -> None:
        self._server: MinioServer = find_minio(folder)
        self._server.start()

    def document(self) -> Mapping[str, Any]:
        spec = {
            "bucket": NAME,
            "endpoint": self._server.url,
            "credentials": {
                "accessKeyId": self._server.access_key,
                "secretAccessKey": "${env:BENCH_SECRET}",
            },
        }
        api_version = "headrace.dev/v1"
        return {"apiVersion": api_version, "kind": "S3Source", "metadata": METADATA, "spec": spec}

    def variables(self) -> Mapping[str, str]:
        return {"BENCH_SECRET": self._server.secret_key}

    async def fill(self) -> None:
        self._server.make_bucket(NAME)
        await _all_at_once(self._put, self.count)

    def _put(self, number: int) -> str:
        key = f"day-{number % 10}/{number:06d}.csv"
        self._server.put(NAME, key, b"1,2,3\n")
        return key

    async def happen(self, number: int) -> str:
        return await asyncio.to_thread(self._put, self.count + number)

    def label_of(self, event: Event) -> str:
        return event.attributes["subject"]

    async def rest(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        self._server.close()


class FilledApiServer:
    """ConfigMaps of one namespace; the label is the name."""

    count = 5_000

    def __init__(self, folder: Path) -> None:
        self._server: Kubernetes = find_kubernetes(folder)
        self._server.start()
        self._namespace = self._server.new_namespace()

    def document(self) -> Mapping[str, Any]:
        spec = {
            "resources": [{"apiVersion": "v1", "kind": "ConfigMap"}],
            "mode": "Resource",
            "namespaces": [self._namespace],
            "connection": {"kubeconfig": {"path": str(self._server.kubeconfig())}},
        }
        kind, api_version = "ApiServerSource", "sources.knative.dev/v1"
        return {"apiVersion": api_version, "kind": kind, "metadata": METADATA, "spec": spec}

    def variables(self) -> Mapping[str, str]:
        return {}

    async def fill(self) -> None:
        await _all_at_once(self._create, self.count)

    def _create(self, number: int) -> str:
        name = f"c-{number:06d}"
        body = {"metadata": {"name": name}, "data": {"number": str(number)}}
        self._server.create(f"/api/v1/namespaces/{self._namespace}/configmaps", body)
        return name

    async def happen(self, number: int) -> str:
        return await asyncio.to_thread(self._create, self.count + number)

    def label_of(self, event: Event) -> str:
        return event.attributes["name"]

    async def rest(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        self._server.close()


async def _all_at_once(act: Callable[[int], str], count: int) -> None:
    """`act(number)` for all, by a few threads."""

    def run() -> None:
        with ThreadPoolExecutor(WRITERS) as writers:
            for _ in writers.map(act, range(count)):
                pass

    await asyncio.to_thread(run)
