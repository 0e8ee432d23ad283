"""A real API server as the contract suite drives it: ConfigMaps in a namespace of its own."""

import asyncio
from collections.abc import Sequence

import pytest

from broker.event import Event
from sources.api_server.options import ApiServerOptions, Connection, Direct, Selection
from sources.api_server.source import ApiServerSource
from sources.source import SourceSupplies
from sources.spec import SourceSpec
from tests.servers.kubernetes import Kubernetes

CONFIG_MAP = Selection("v1", "ConfigMap")


def connection_to(server: Kubernetes, user: str = "admin") -> Connection:
    return Direct(server.url, token=server.token(user), ca_file=server.ca_file)


def spec_of(options: ApiServerOptions) -> SourceSpec:
    return SourceSpec("ApiServerSource", "default/cluster", "default/default", options)


class KubernetesPeer:
    """What happens is that ConfigMaps are created, one after another."""

    is_ordered = True
    can_be_lost = True

    def __init__(self, server: Kubernetes) -> None:
        self.server = server
        self.namespace = server.new_namespace()
        self._count = 0
        self.spec = self._spec("admin")

    def _spec(self, user: str) -> SourceSpec:
        options = ApiServerOptions(
            resources=(CONFIG_MAP,),
            namespaces=(self.namespace,),
            connection=connection_to(self.server, user),
        )
        return spec_of(options)

    def make(self, supplies: SourceSupplies) -> ApiServerSource:
        return ApiServerSource(self.spec, supplies)

    async def happen(self, count: int) -> Sequence[str]:
        names = [f"map-{number:06}" for number in range(self._count, self._count + count)]
        self._count += count
        path = f"/api/v1/namespaces/{self.namespace}/configmaps"
        for name in names:
            await asyncio.to_thread(self.server.create, path, {"metadata": {"name": name}})
        return [f"add {name}" for name in names]

    def label_of(self, event: Event) -> str:
        return f"{event.type.rpartition('.')[2]} {event.attributes['name']}"

    async def lose(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def find(self) -> None:
        await asyncio.to_thread(self.server.mend)

    async def refuse(self) -> None:
        self.spec = self._spec("watcher")

    async def close(self) -> None:
        await self.find()


async def make(request: pytest.FixtureRequest) -> KubernetesPeer:
    server: Kubernetes = request.getfixturevalue("kubernetes")
    return await asyncio.to_thread(KubernetesPeer, server)
