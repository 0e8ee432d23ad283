"""A namespace of its own, and an inside, for each test of the ApiServerSource."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.sources.inside import Inside

if TYPE_CHECKING:
    from tests.servers.kubernetes import Kubernetes
    from tests.sources.api_server.cluster import Cluster


@pytest.fixture
async def inside() -> AsyncIterator[Inside]:
    made = Inside()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def cluster(kubernetes: "Kubernetes") -> "Cluster":
    from tests.sources.api_server.cluster import Cluster

    return await asyncio.to_thread(Cluster, kubernetes)
