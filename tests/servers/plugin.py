"""The fixtures of real servers: one of each per session, mended before each test that asks.

`kafka`, `minio` and `kubernetes` are for tests; `kafka_server` and its like are the same servers
for fixtures that live longer than one test. Each module is imported when it is asked for, so
that the other tests need none of the clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.servers.cache import Missing, tell_missing

if TYPE_CHECKING:
    from tests.servers.chromium import Chromium
    from tests.servers.kafka import Kafka
    from tests.servers.kubernetes import Kubernetes
    from tests.servers.minio import MinioServer, Webhook
    from tests.servers.server import Server

    One = TypeVar("One", bound=Server)

FIXTURES = {"kafka_server", "minio_server", "start_minio", "kubernetes_server", "chromium"}
FIXTURES |= {"kserve_server", "mlserver_server", "triton_server", "litellm_server", "llama_server"}

pytest_plugins = ("tests.servers.model_plugin",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a real server is marked `servers`."""
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("servers")


def find_or_tell(find: Callable[[Path], One], folder: Path) -> One:
    """The server, not started; where there is none, the end of this test in one line."""
    try:
        return find(folder)
    except Missing as missing:
        tell_missing(missing)


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    """The system's browser; each test starts one of its own."""
    from tests.servers.chromium import find_chromium

    try:
        return find_chromium()
    except Missing as missing:
        tell_missing(missing)


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    from tests.servers.kafka import find_kafka

    with find_or_tell(find_kafka, tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture
def kafka(kafka_server: Kafka) -> Kafka:
    """A Kafka broker, running."""
    kafka_server.mend()
    return kafka_server


@pytest.fixture(scope="session")
def minio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioServer]:
    from tests.servers.minio import find_minio

    with find_or_tell(find_minio, tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture
def minio(minio_server: MinioServer) -> MinioServer:
    """A MinIO server, running; it has no webhook."""
    minio_server.mend()
    return minio_server


@pytest.fixture
def start_minio(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Webhook], MinioServer]]:
    """Start a MinIO server of the test's own, which reports to a webhook."""
    from tests.servers.minio import find_minio

    with ExitStack() as servers:

        def start(webhook: Webhook) -> MinioServer:
            folder = tmp_path_factory.mktemp("minio-own")
            server = find_or_tell(lambda folder: find_minio(folder, webhook), folder)
            if server.is_given:
                pytest.skip("the server given by the environment has no webhook of this test")
            return servers.enter_context(server)

        yield start


@pytest.fixture(scope="session")
def kubernetes_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    from tests.servers.kubernetes_own import find_kubernetes

    with find_or_tell(find_kubernetes, tmp_path_factory.mktemp("kubernetes")) as server:
        yield server


@pytest.fixture
def kubernetes(kubernetes_server: Kubernetes) -> Kubernetes:
    """A Kubernetes API server, running; other tests have left namespaces in it."""
    kubernetes_server.mend()
    return kubernetes_server
