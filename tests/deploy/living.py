"""A whole headrace in this process: real listeners on free ports, a subscriber, a data folder."""

import asyncio
import gc
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as Asking
from urllib.request import urlopen

from broker.clock import SteadyClock
from broker.codec import make_event
from broker.event import Event
from broker.http_message import Answer, BodyPlan, Request, Respond
from broker.http_server import HttpServer
from deploy.addresses import Address
from deploy.config.read import read_configuration
from deploy.process import Options, Process

LOOPBACK = Address("127.0.0.1", 0)
PATIENCE_SECONDS = 60.0
ANSWERS = {
    b"taken": Answer(204),
    b"refused": Answer(422, [(b"content-type", b"text/plain")], b"no such order 17"),
    b"busy": Answer(503, [(b"content-type", b"text/plain")], b"come back later"),
}
BROKER = """
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: default}
"""
TRIGGER = """
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: orders}
spec:
  broker: default
  subscriber: {uri: "${env:SUBSCRIBER}"}
  delivery: {backoffDelay: PT1H, backoffMax: PT1H, maxAge: P2D}
"""


class Subscriber:
    """Answers by the event's type, 204 to those it does not know; keeps the ids it has seen."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.answers = dict(ANSWERS)

    def head(self, request: Request) -> Answer | BodyPlan:
        return BodyPlan(1 << 22)

    def receive(self, request: Request, respond: Respond) -> None:
        self.seen.append((request.header(b"ce-id") or b"").decode())
        respond(self.answers.get(request.header(b"ce-type") or b"", ANSWERS[b"taken"]))


@dataclass
class Got:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, headers: Mapping[str, str], method: str) -> Got:
    try:
        with urlopen(Asking(url, headers=dict(headers), method=method), timeout=60) as answer:
            return Got(answer.status, dict(answer.headers), answer.read())
    except HTTPError as error:
        with error:
            return Got(error.code, dict(error.headers), error.read())


def event(id: object, type: str = "taken", data: bytes | None = b"{}", **more: str) -> Event:
    facts = {"specversion": "1.0", "id": str(id), "source": "/s", "type": type}
    return make_event(facts | more, data)


class Living:
    def __init__(self, process: Process, subscriber: Subscriber, log: io.StringIO) -> None:
        self.process = process
        self.subscriber = subscriber
        self.log = log

    async def get(self, path: str, method: str = "GET", **headers: str) -> Got:
        return await asyncio.to_thread(ask, f"http://{self.process.admin}{path}", headers, method)

    async def post(self, one: Event, broker: str = "default/default") -> int:
        """Publish over HTTP; gives the status."""
        reader, writer = await asyncio.open_connection(*self.process.ingress)
        body = one.data or b""
        head = f"POST /{broker} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".encode()
        length = b"content-length: %d\r\n\r\n" % len(body)
        writer.write(head + one.head + length + body)
        status = int((await reader.read()).split(b" ", 2)[1])
        writer.close()
        await writer.wait_closed()
        return status

    async def publish(self, *events: Event, broker: str = "default/default") -> None:
        """Straight through the door, as fast as it goes."""
        intake = self.process.running.brokers[broker].intake
        rest = list(events)
        while rest:
            batch, rest = rest[:500], rest[500:]
            done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            intake.accept(batch, done.set_result)
            result = await done
            assert not isinstance(result, Exception), result

    async def rest(self, trigger: str = "default/orders") -> None:
        """Wait until the trigger has settled or parked all it was given, and that is told of."""
        broker, lane = self.process.running.lanes()[trigger]
        clock = self.process.clock
        deadline = clock.monotonic() + PATIENCE_SECONDS
        while not (lane.is_following_idle and not lane.in_flight):
            assert clock.monotonic() < deadline, f"{trigger} does not come to rest"
            await asyncio.sleep(0.01)
        await broker.partition.drain()
        groups = broker.partition.groups
        while groups is not None and not groups.is_idle:
            assert clock.monotonic() < deadline, "not all is told of"
            await asyncio.sleep(0.01)


@asynccontextmanager
async def living(
    folder: Path,
    text: str = BROKER + "---" + TRIGGER,
    subscriber: Subscriber | None = None,
    **options: Any,
) -> AsyncIterator[Living]:
    """A process over `folder`, stopped at the end as by SIGTERM."""
    threshold = gc.get_threshold()
    subscriber, clock, log = subscriber or Subscriber(), SteadyClock(), io.StringIO()
    server = HttpServer({"/": subscriber}, clock)
    host, port = await server.start("127.0.0.1", 0)
    file = folder / "headrace.yaml"
    file.write_text(text)
    variables = {"SUBSCRIBER": f"http://{host}:{port}/"}
    configuration = read_configuration([file], variables)
    settled = Options(
        folder / "data",
        LOOPBACK,
        LOOPBACK,
        "json",
        log_stream=log,
        reserve_bytes=65536,
        environment=variables,
        read=lambda: read_configuration([file], variables),
    )
    process = Process(configuration, replace(settled, **options))
    try:
        await process.start()
        yield Living(process, subscriber, log)
    finally:
        if not process.running.is_draining:
            await process.stop()
        process.logs.close(PATIENCE_SECONDS)  # a thread writes them: a stop waits a second for it
        await server.drain(1.0)
        server.close()
        # A process keeps its collector for life; a test hands it back.
        gc.unfreeze()
        gc.set_threshold(*threshold)
