"""A real Kafka broker, alone and its own controller."""

import asyncio
import os
import shlex
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from tests.servers.cache import Missing, cache_folder
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.containers import ContainerRunner, why_no_engine
from tests.servers.fault_proxy import FaultProxy
from tests.servers.kafka_settings import (
    ADVERTISED,
    CLUSTER,
    LISTENERS,
    PASSWORD,
    USER,
    server_properties,
)
from tests.servers.ports import LOOPBACK, free_ports, is_listening
from tests.servers.runners import GivenRunner, NativeRunner, Runner
from tests.servers.server import POLL_SECONDS, Server

VARIABLE = "HEADRACE_TEST_KAFKA"
VERSION = "4.3.1"
IMAGE = f"apache/kafka:{VERSION}"
IN_IMAGE = ("/opt/java/openjdk/bin/java",)
JARS = ("-cp", "/opt/kafka/libs/*")
SMALL = ("-Xms96m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
CONTROLLER_SECONDS_MAX = TOPIC_SECONDS_MAX = 30.0
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


class Kafka(Server):
    """One broker. `user` and `password` are good for every SASL mechanism it has."""

    name: ClassVar[str] = "kafka"
    user, password = USER, PASSWORD

    def __init__(self, runner: Runner, bootstrap: str) -> None:
        super().__init__(runner)
        self.bootstrap = bootstrap

    def command(self) -> Sequence[str]:
        raise NotImplementedError(f"the broker at {self.bootstrap} runs elsewhere")

    def is_ready(self) -> bool:
        host, _, port = self.bootstrap.rpartition(":")
        return is_listening(int(port), host)

    @property
    def sasl_bootstrap(self) -> str:
        """SASL in plain text: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512."""
        return self.listener("SASL")

    @property
    def tls_bootstrap(self) -> str:
        """TLS with a certificate of `certificates.authority`."""
        return self.listener("TLS")

    @property
    def sasl_tls_bootstrap(self) -> str:
        return self.listener("SASLTLS")

    @property
    def mutual_tls_bootstrap(self) -> str:
        """TLS that asks for `certificates.client` too."""
        return self.listener("MUTUAL")

    def proxy(self) -> FaultProxy:
        """A proxy that clients stay behind: its `address` is the bootstrap, in plain text.

        A client that bootstraps through any other proxy goes on past it, to the address that
        the broker gives for itself.
        """
        pytest.skip(f"the broker in {VARIABLE} knows of no proxy")

    @property
    def certificates(self) -> Certificates:
        pytest.skip(f"the broker in {VARIABLE} came without certificates")

    def listener(self, name: str) -> str:
        """HOST:PORT of one of LISTENERS."""
        pytest.skip(f"{VARIABLE} names no listener {name}")

    async def create_topic(
        self, topic: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> None:
        async with self._admin() as admin:
            wanted = NewTopic(topic, partitions, 1, topic_configs=dict(config or {}))
            answer = await admin.create_topics([wanted])
            assert all(code == 0 for _, code, *_ in answer.topic_errors), answer
            # Made is not yet known: a broker that is asked at once may say that there is none.
            async with asyncio.timeout(TOPIC_SECONDS_MAX):
                while not await _are_led(admin, topic, partitions):
                    await asyncio.sleep(POLL_SECONDS)

    async def delete_topic(self, topic: str) -> None:
        async with self._admin() as admin:
            await admin.delete_topics([topic])

    async def delete_records(self, topic: str, partition: int, offset: int) -> None:
        """Forget all that is before `offset`, as retention does."""
        async with self._admin() as admin:
            await admin.delete_records(
                {TopicPartition(topic, partition): RecordsToDelete(before_offset=offset)}
            )

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            # A broker that was held may be out of its cluster for a moment: none is in charge,
            # which the client takes for a defect of its own.
            async with asyncio.timeout(CONTROLLER_SECONDS_MAX):
                while admin._client.cluster.controller is None:
                    await asyncio.sleep(POLL_SECONDS)
                    await admin._client.force_metadata_update()
            yield admin
        finally:
            await admin.close()


class OwnKafka(Kafka):
    """A broker that these tests start; `java` begins the words that run its jars."""

    def __init__(self, folder: Path, runner: Runner, java: Sequence[str]) -> None:
        names = [*LISTENERS, ADVERTISED]
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        super().__init__(runner, self.listener("PLAINTEXT"))
        self._java = java
        self._certificates = make_certificates(folder / "certificates")
        self._properties = folder / "server.properties"
        self._data = folder / "data"
        self._properties.write_text(server_properties(self._ports, self._data, self._certificates))

    @property
    def certificates(self) -> Certificates:
        return self._certificates

    def proxy(self) -> FaultProxy:
        return FaultProxy(LOOPBACK, self._ports["PROXIED"], self._ports[ADVERTISED])

    def listener(self, name: str) -> str:
        return f"{LOOPBACK}:{self._ports[name]}"

    def command(self) -> Sequence[str]:
        serve = [*self._java, "kafka.Kafka", str(self._properties)]
        if (self._data / "meta.properties").exists():
            return serve
        return ["sh", "-c", f"{shlex.join(self._format())} && exec {shlex.join(serve)}"]

    def _format(self) -> list[str]:
        """What makes its data folder, with the users that SCRAM knows."""
        users = [f"{mechanism}=[name={USER},password={PASSWORD}]" for mechanism in SCRAM]
        added = [word for user in users for word in ("--add-scram", user)]
        tool = [*self._java, "kafka.tools.StorageTool", "format", f"--cluster-id={CLUSTER}"]
        return [*tool, "--config", str(self._properties), *added]

    def is_ready(self) -> bool:
        return "Kafka Server started" in self.runner.said() and super().is_ready()


async def _are_led(admin: AIOKafkaAdminClient, topic: str, partitions: int) -> bool:
    (described,) = await admin.describe_topics([topic])
    leaders = [one["leader"] for one in described["partitions"]]
    return described["error_code"] == 0 and len(leaders) == partitions and min(leaders) >= 0


def native_kafka(folder: Path, cache: Path) -> Kafka:
    """A broker from the jars in `cache`, not started; raises Missing."""
    libs = cache / f"kafka-{VERSION}" / "libs"
    java = shutil.which("java")
    if java is None or not libs.is_dir():
        raise Missing("kafka", "no java" if java is None else f"no jars in {libs}")
    return OwnKafka(folder, NativeRunner(folder / "kafka.log"), [java, *SMALL, "-cp", f"{libs}/*"])


def find_kafka(folder: Path, environ: Mapping[str, str] = os.environ) -> Kafka:
    """The broker that `environ` names, one in a container, or a native one; not started.

    Raises Missing.
    """
    if address := environ.get(VARIABLE):
        return Kafka(GivenRunner(VARIABLE), address)
    if why_no_engine() is None:
        return OwnKafka(folder, ContainerRunner(IMAGE, folder), [*IN_IMAGE, *SMALL, *JARS])
    return native_kafka(folder, cache_folder(environ))
