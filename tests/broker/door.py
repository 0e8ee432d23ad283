"""What the door's tests share: a log that commits when told, a clock, raw peers."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from broker.codec import make_event
from broker.errors import HeadraceError
from broker.event import Event, StoredEvent
from broker.http_message import Answer, BodyPlan, Request, Respond
from broker.http_server import HttpServer
from broker.intake import Intake
from broker.intake_options import IntakeOptions
from broker.storage.rows import Append

PATIENCE_SECONDS = 60.0


class HandClock:
    """Time moves when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.start = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class HandLog:
    """The part of `Log` that the intake uses; commits when the test says so, or at once."""

    def __init__(self, clock: HandClock, is_eager: bool = False) -> None:
        self.clock = clock
        self.is_eager = is_eager
        self.waiting: list[Append] = []
        self.stored: list[StoredEvent] = []
        self.keys: list[tuple[datetime, int, bytes]] = []
        self.records: list[Any] = []
        self.reads = 0

    def append(self, append: Append) -> None:
        self.waiting.append(append)
        if self.is_eager:
            asyncio.get_running_loop().call_soon(self.commit)

    def commit(self) -> None:
        waiting, self.waiting = self.waiting, []
        for append in waiting:
            self.keys.append((self.clock.now(), len(self.stored) + 1, append.keys))
            append.stored = [self._store(event, append.principal) for event in append.events]
            self.records.extend(append.records)
            append.done(append)

    def fail(self, error: HeadraceError) -> None:
        waiting, self.waiting = self.waiting, []
        for append in waiting:
            append.error = error
            append.done(append)

    async def read(self, after: int, limit: int, bytes_max: int) -> Sequence[StoredEvent]:
        self.reads += 1
        await asyncio.sleep(0)
        return [event for event in self.stored if event.offset > after][:limit]

    async def recent_keys(
        self, since: datetime, limit: int
    ) -> Sequence[tuple[datetime, int, bytes]]:
        return [keys for keys in self.keys if keys[0] >= since]

    def _store(self, event: Event, principal: str) -> StoredEvent:
        self.stored.append(StoredEvent(len(self.stored) + 1, event, self.clock.now(), principal))
        return self.stored[-1]


@dataclass
class Door:
    """An intake over a hand-driven log, and what it answered, in order."""

    intake: Intake
    log: HandLog
    clock: HandClock
    answers: list[Any] = field(default_factory=list)

    def accept(self, *events: Event, principal: str = "anonymous") -> None:
        self.intake.accept(events, self.answers.append, principal)

    async def answered(self, count: int = 1) -> list[Any]:
        """The answers, once there are `count`."""
        await until(lambda: len(self.answers) >= count)
        return self.answers


async def open_door(
    options: IntakeOptions | None = None,
    *,
    is_eager: bool = False,
    log: HandLog | None = None,
    stored_at: datetime | None = None,
    refuse: Callable[[], HeadraceError | None] | None = None,
) -> Door:
    clock = log.clock if log else HandClock()
    log = log or HandLog(clock, is_eager)
    intake = Intake("default/default", log, clock, lambda: 0.5, options, refuse)  # type: ignore[arg-type]
    await intake.open(stored_at)
    return Door(intake, log, clock)


def event(id: str = "1", data: bytes | None = b"1", **more: str) -> Event:
    attributes = {"specversion": "1.0", "id": id, "source": "/sensors", "type": "measured", **more}
    if data is not None:
        attributes.setdefault("datacontenttype", "text/plain")
    return make_event(attributes, data)


class Echo:
    """A route that answers with method, target and body; `held` responds wait for the test."""

    def __init__(self, body_bytes_max: int = 1024, holds: bool = False) -> None:
        self.plan = BodyPlan(body_bytes_max)
        self.holds = holds
        self.held: list[Respond] = []
        self.seen: list[Request] = []

    def head(self, request: Request) -> Answer | BodyPlan:
        return Answer(404) if request.target == b"/nowhere" else self.plan

    def receive(self, request: Request, respond: Respond) -> None:
        self.seen.append(request)
        if self.holds:
            self.held.append(respond)
        else:
            respond(Answer(200, (), b"%b %b" % (request.target, request.body)))


@dataclass
class Told:
    """An answer as a peer read it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        told: dict[str, Any] = orjson.loads(self.body)
        return told


class Peer:
    """A raw client: sends bytes as they are, reads answers one by one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def answer(self, has_body: bool = True) -> Told:
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip().split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
            }
            length = int(headers.get("content-length", "0")) if has_body else 0
            return Told(int(first.split(" ")[1]), headers, await self.reader.readexactly(length))

    async def ask(self, *pieces: bytes) -> Told:
        await self.send(*pieces)
        return await self.answer()

    async def is_closed(self) -> bool:
        """Whether the server has closed, as it should; waits for it."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self.reader.read() == b""
        except ConnectionError:
            return True

    def reset(self) -> None:
        """Leave with a reset, as a process that dies does."""
        linger = struct.pack("ii", 1, 0)
        connected: socket.socket = self.writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


@dataclass
class Served:
    """A server that runs, and its peers."""

    server: HttpServer
    host: str
    port: int
    peers: list[Peer] = field(default_factory=list)

    async def peer(self, local: str = "127.0.0.1") -> Peer:
        streams = await asyncio.open_connection(self.host, self.port, local_addr=(local, 0))
        self.peers.append(Peer(*streams))
        return self.peers[-1]

    async def ask(self, *pieces: bytes) -> Told:
        return await (await self.peer()).ask(*pieces)

    async def emptied(self) -> None:
        await until(lambda: not self.server.open_connections)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until `condition` holds; fails when it does not in time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.001)


def post(
    target: bytes = b"/a", body: bytes = b"", *headers: bytes, version: bytes = b"HTTP/1.1"
) -> bytes:
    """A valid request with `headers` as lines."""
    lines = [b"POST %b %b" % (target, version), b"host: here", *headers]
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])
