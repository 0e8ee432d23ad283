"""A headrace in this process whose trigger calls a model server: a peer that answers as KServe."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from broker.event import Event
from tests.deploy.living import BROKER, Got, Living, event, living
from tests.sinks.inference.peers.kserve import KServe
from tests.sinks.inference.peers.wire import speaking
from tests.sinks.server import SinkServer

TRIGGER = """---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: classify}
spec:
  filters: [{exact: {type: flower}}]
  subscriber: {ref: {kind: InferenceSink, name: iris}}
  delivery: {backoffDelay: PT0.05S}
"""
SINK = """---
apiVersion: headrace.dev/v1
kind: InferenceSink
metadata: {name: iris}
spec:
  protocol: v1
  url: "http://127.0.0.1:PORT"
  model: iris
  headers: {x-api-key: "${file:KEY}"}
  reply: {type: classified}
  hold: {initial: PT0.02S, max: PT0.1S}
  scale: {targetConcurrency: 2, max: 9}
"""
VARIANTS = """  variants:
    - {name: stable, weight: 90}
    - {name: canary, weight: 0}
"""
SETOSA = [5.1, 3.5, 1.4, 0.2]


@dataclass
class ModelHouse:
    """`peer` answers at `server`; `headrace` delivers to it."""

    headrace: Living
    peer: KServe
    server: SinkServer

    async def ask(self, path: str) -> Any:
        return (await self.headrace.get(f"/api/v1{path}")).json

    async def post(self, path: str, body: Any) -> Got:
        url = f"http://{self.headrace.process.admin}/api/v1{path}"
        return await asyncio.to_thread(_post, url, body)

    async def deliver(self, *events: Event) -> None:
        await self.headrace.publish(*events)
        await self.headrace.rest("default/classify")


def _post(url: str, body: Any) -> Got:
    asking = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urlopen(asking, timeout=30) as answer:
            return Got(answer.status, dict(answer.headers), answer.read())
    except HTTPError as error:
        with error:
            return Got(error.code, dict(error.headers), error.read())


def flower(id: object, row: object = SETOSA, **more: str) -> Event:
    return event(id, "flower", json.dumps(row).encode(), datacontenttype="application/json", **more)


def written(folder: Path, port: int, more: str = "") -> str:
    """The configuration; the file that it takes a key from is written too."""
    key = folder / "key"
    key.write_text("very-secret")
    return BROKER + TRIGGER + SINK.replace("PORT", str(port)).replace("KEY", str(key)) + more


@asynccontextmanager
async def model_house(folder: Path, more: str = "", **options: Any) -> AsyncIterator[ModelHouse]:
    """`more` is what the sink's spec has too."""
    peer = KServe()
    server = SinkServer(speaking(peer.answer))
    await server.start()
    try:
        async with living(folder, written(folder, server.port, more), **options) as headrace:
            yield ModelHouse(headrace, peer, server)
    finally:
        await server.close()
