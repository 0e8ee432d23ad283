"""Clients that create and delete objects through all deaths.

A watch that begins anew after a death sees only what is left, so that changes in between may be
told as one. But every object that is there was added once, and none that is gone was left out.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from broker.event import Event, StoredEvent
from tests.faults.process import Program
from tests.servers.kubernetes import Kubernetes

CLIENTS = 4
DELETED_EVERY = 4
CONFLICT = 409


class ApiServerOrigin:
    """Labels are `add NAME`, and `delete NAME` where the add had been told."""

    has_server = True

    def __init__(self, kubernetes: Kubernetes, namespace: str, kubeconfig: Path) -> None:
        self._kubernetes = kubernetes
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._namespace = namespace
        self._kubeconfig = kubeconfig
        self._is_resting = False
        self.created: set[str] = set()
        self.deleted: set[str] = set()

    def document(self) -> str:
        return f"""
apiVersion: sources.knative.dev/v1
kind: ApiServerSource
metadata: {{name: tested}}
spec:
  resources: [{{apiVersion: v1, kind: ConfigMap}}]
  mode: Resource
  namespaces: [{self._namespace}]
  connection: {{kubeconfig: {{path: {self._kubeconfig}}}}}
"""

    def variables(self) -> dict[str, str]:
        return {}

    async def work(self, program: Program) -> None:
        async with asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                clients.create_task(self._change_all(number))

    async def _change_all(self, client: int) -> None:
        number = 0
        while not self._is_resting:
            name = f"c-{client}-{number}"
            body = {"metadata": {"name": name}, "data": {"number": str(number)}}
            await self._until_done("POST", self._path, body, (201, CONFLICT))
            self.created.add(name)
            if number % DELETED_EVERY == 0:
                await asyncio.sleep(0.05)  # a watch has most likely seen it
                await self._until_done("DELETE", f"{self._path}/{name}", None, (200, 404))
                self.deleted.add(name)
            number += 1
            await asyncio.sleep(0.02)

    async def _until_done(
        self, method: str, path: str, body: object, good: tuple[int, ...]
    ) -> None:
        """Ask until the server has said yes; what it had done before it died it says by `good`."""
        while True:
            with suppress(OSError, HTTPException):  # it dies in the middle of an answer too
                status, _ = await asyncio.to_thread(self._kubernetes.request, method, path, body)
                if status in good:
                    return
            await asyncio.sleep(0.05)

    def rest(self) -> None:
        self._is_resting = True

    async def die(self) -> None:
        await asyncio.to_thread(self._kubernetes.restart)

    async def expected(self, stored: Sequence[StoredEvent]) -> Counter[str]:
        """What must be told; of an object that came and went while nobody watched, nothing."""
        told = {self.label_of(one.event) for one in stored}
        wanted = Counter(f"add {name}" for name in self.created - self.deleted)
        for name in self.deleted:
            labels = (f"add {name}", f"delete {name}")
            if not stored or not told.isdisjoint(labels):
                wanted.update(labels if stored else ())
        return wanted

    def label_of(self, event: Event) -> str:
        return f"{event.type.rpartition('.')[2]} {event.attributes['name']}"


async def make(_folder: Path, request: pytest.FixtureRequest) -> ApiServerOrigin:
    kubernetes: Kubernetes = request.getfixturevalue("kubernetes")
    namespace = await asyncio.to_thread(kubernetes.new_namespace)
    return ApiServerOrigin(kubernetes, namespace, kubernetes.kubeconfig())
