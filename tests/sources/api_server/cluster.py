"""A namespace of a real API server, as tests change what is in it while the loop goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp

from broker.event import Event, StoredEvent
from sources.api_server.options import ApiServerOptions
from sources.api_server.source import ApiServerSource
from sources.spec import SourceSpec
from tests.servers.kubernetes import Kubernetes
from tests.sources.api_server.peer import CONFIG_MAP, connection_to, spec_of
from tests.sources.inside import Inside

Ask = Callable[..., Awaitable[tuple[int, Any]]]


class Cluster:
    """`options` are of a source that watches the ConfigMaps of `namespace` as admin."""

    def __init__(self, server: Kubernetes) -> None:
        self.server = server
        self.namespace = server.new_namespace()
        self.options = ApiServerOptions(
            resources=(CONFIG_MAP,),
            namespaces=(self.namespace,),
            connection=connection_to(server),
            mode="Resource",
        )

    def spec(self, **changes: Any) -> SourceSpec:
        return spec_of(replace(self.options, **changes))

    def path(self, plural: str = "configmaps", namespace: str | None = None) -> str:
        return f"/api/v1/namespaces/{namespace or self.namespace}/{plural}"

    async def create(self, name: str, namespace: str | None = None, **fields: Any) -> str:
        """A ConfigMap; `fields` beside its name, such as data, or metadata. Gives its uid."""
        metadata = {"name": name, **fields.pop("metadata", {})}
        body = {"metadata": metadata, **fields}
        made = await asyncio.to_thread(self.server.create, self.path(namespace=namespace), body)
        return str(made["metadata"]["uid"])

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Ask]:
        """Requests as admin over connections that are kept: some hundred a second."""
        headers = {"Authorization": f"Bearer {self.server.token()}"}
        connector = aiohttp.TCPConnector(ssl=self.server.access().tls())
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

            async def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
                kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
                async with session.request(
                    method, self.server.url + path, json=body, headers={"Content-Type": kind}
                ) as answer:
                    return answer.status, await answer.json(content_type=None)

            yield ask

    async def create_all(self, names: Sequence[str]) -> None:
        """Several at once."""
        queue = iter(names)
        async with self.asking() as ask:

            async def work() -> None:
                for name in queue:
                    status, _ = await ask("POST", self.path(), {"metadata": {"name": name}})
                    assert status == 201

            await asyncio.gather(*(work() for _ in range(8)))

    async def change(self, name: str, **data: str) -> None:
        path = f"{self.path()}/{name}"
        await asyncio.to_thread(self.server.patch, path, {"data": data})

    async def label(self, name: str, **labels: str | None) -> None:
        body = {"metadata": {"labels": labels}}
        await asyncio.to_thread(self.server.patch, f"{self.path()}/{name}", body)

    async def delete(self, *names: str) -> None:
        for name in names:
            await asyncio.to_thread(self.server.delete, f"{self.path()}/{name}")

    async def compact(self) -> None:
        """All versions before now are gone, so that watches from them end in 410."""
        for number in range(2):
            await self.create(f"later-{number}", namespace="default")
            await asyncio.to_thread(
                self.server.delete, f"{self.path(namespace='default')}/later-{number}"
            )
        await asyncio.to_thread(lambda: self.server.compact(self.server.revision()))

    async def other_namespace(self, **labels: str) -> str:
        name = await asyncio.to_thread(self.server.new_namespace)
        await self.label_namespace(name, **labels)
        return name

    async def label_namespace(self, name: str, **labels: str | None) -> None:
        body = {"metadata": {"labels": labels}}
        await asyncio.to_thread(partial(self.server.patch, f"/api/v1/namespaces/{name}", body))

    async def remove_namespace(self, name: str) -> None:
        """Altogether: there is no controller here that would finish what DELETE begins."""
        path = f"/api/v1/namespaces/{name}"
        await asyncio.to_thread(self.server.delete, path)
        finalized = {"metadata": {"name": name}, "spec": {"finalizers": []}}
        await asyncio.to_thread(self.server.request, "PUT", f"{path}/finalize", finalized)


async def begin(inside: Inside, spec: SourceSpec) -> None:
    """A source that runs, and whose (first) watch has begun."""
    connections = inside.connections
    inside.start(ApiServerSource(spec, inside.supplies), spec)
    await inside.until(lambda: inside.connections > connections)


def told(stored: Iterable[StoredEvent]) -> list[tuple[str, str]]:
    """(what happened, the object's name) of each event, in order."""
    return [(act_of(one.event), one.event.attributes["name"]) for one in stored]


def act_of(event: Event) -> str:
    return event.type.rpartition(".")[2]


def data_of(event: Event) -> Any:
    return json.loads(event.data or b"")
