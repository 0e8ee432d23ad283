"""The admin application over a broker in memory, asked without a network; time stands still."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from broker.event import Event
from broker.intake import Intake
from broker.retention import Retention, RetentionLimits
from broker.storage.memory.engine import MemoryEngine
from broker.telemetry import Telemetry
from deploy.access.book import TokenBook
from deploy.access.roles import Role
from deploy.access.token_file import TokenFile
from deploy.admin.app import create_app
from deploy.admin.gate import Door
from deploy.config.broker_spec import BrokerSpec
from deploy.elsewhere import Elsewhere
from deploy.endpoints import Endpoints
from deploy.models.weighing import Weighing
from deploy.redrive_reach import RedriveReach
from deploy.running import Running, RunningBroker
from sinks.http_client import HttpClient
from sinks.kinds import Supplies
from tests.deploy.set_clock import SetClock
from triggers.budget import Budget
from triggers.partition import Partition
from triggers.pool import Pool

Headers = Mapping[str, str]
NO_HEADERS: Headers = {}


@dataclass
class Told:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Asking:
    """`app` and what it stands on; `signals` are those emitted."""

    app: FastAPI
    running: Running
    clock: SetClock
    signals: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def book(self) -> TokenBook:
        assert self.running.tokens is not None
        return self.running.tokens

    async def close(self) -> None:
        self.book.close()
        for broker in self.running.brokers.values():
            await broker.partition.close()

    async def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: Headers = NO_HEADERS,
        *,
        token: str | None = None,
        address: str = "127.0.0.1",
    ) -> Told:
        """One request; a body that is no bytes is sent as JSON."""
        sent = {"host": "localhost", **headers}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        content = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            content = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        return await ask(self.app, method, target, sent, [content], address)

    async def token(self, name: str, role: Role, lifetime: timedelta | None = None) -> str:
        return (await self.book.create(name, role, lifetime, "local"))[1]


async def ask(
    app: FastAPI,
    method: str,
    target: str,
    headers: Headers,
    chunks: list[bytes],
    address: str = "127.0.0.1",
) -> Told:
    """One request over ASGI, its body in these chunks."""
    scope = scope_of(method, target, headers, address)
    left = list(chunks)
    got: list[Any] = []

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        got.append(message)

    await app(scope, receive, send)
    told = {name.decode(): value.decode() for name, value in got[0]["headers"]}
    return Told(got[0]["status"], told, b"".join(part.get("body", b"") for part in got[1:]))


def scope_of(method: str, target: str, headers: Headers, address: str) -> dict[str, Any]:
    """What a server says of one request (ASGI, HTTP connection scope)."""
    path, _, query = target.partition("?")
    return {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "root_path": "", "scheme": "http", "http_version": "1.1",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (address, 50_000), "server": ("127.0.0.1", 8081), "state": {},
    }  # fmt: skip


async def make_asking(folder: Path, door: Door | None = None, *events: Event) -> Asking:
    """A broker `default/b` that has stored `events`; close it after use."""
    clock, telemetry = SetClock(), Telemetry()
    engine, pool = MemoryEngine(clock), Pool(clock.monotonic)
    partition = Partition("default/b", engine, pool, Budget(), clock, lambda: 0.5, telemetry)
    running = Running(clock, telemetry, pool)
    supplies = Supplies(clock, HttpClient(clock))
    endpoints = Endpoints(lambda _: supplies, lambda: 0.5, clock.monotonic)
    elsewhere = Elsewhere(running, lambda _: supplies, lambda: 0.5)
    partition.reach = RedriveReach(running, endpoints, elsewhere, Weighing(running))
    await partition.open()
    intake = Intake("default/b", engine.log, clock, lambda: 0.5)
    await partition.start([], intake)
    for one in events:
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        intake.accept([one], done.set_result)
        await done
    running.tokens = TokenBook(TokenFile(folder), clock, telemetry)
    running.tokens.open()
    limits = RetentionLimits()
    retention = Retention(engine.log, engine.desk, clock, limits, partition.lowest_needed)
    running.brokers["default/b"] = RunningBroker(
        BrokerSpec("default/b"), engine, partition, intake, retention
    )
    asking = Asking(create_app(running, door or Door()), running, clock)
    telemetry.listen(lambda name, _, fields: asking.signals.append((name, fields)))
    return asking
