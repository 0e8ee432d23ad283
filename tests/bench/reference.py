"""The naive but sane broker that headrace is measured against.

What a good developer writes in an afternoon with well-known parts: uvicorn without a
framework, SQLite with synchronous=FULL and group commit in one writer thread, aiohttp for
the deliveries. An event is on disk before its 202. Nothing is validated, nothing retried.

    python -m tests.bench.reference PORT FILE [TYPE URL]...
"""

import asyncio
import queue
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import apsw
import orjson
import uvicorn

EVENTS_PER_COMMIT_MAX = 1000
CALLS_IN_FLIGHT = 64
EMPTY = [(b"content-length", b"0")]

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Row = tuple[dict[str, str], bytes]  # attributes, data


class Store:
    """Appends and ends deliveries; the writer takes all that waits as one commit."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._path = path
        self._work: queue.SimpleQueue[tuple[Any, asyncio.Future[int] | None]] = queue.SimpleQueue()
        threading.Thread(target=self._write, daemon=True).start()

    async def append(self, rows: list[Row]) -> int:
        """Store `rows` durably; gives the number of the last one."""
        stored: asyncio.Future[int] = self._loop.create_future()
        self._work.put((rows, stored))
        return await stored

    def end(self, number: int) -> None:
        self._work.put((number, None))

    def _write(self) -> None:
        connection = apsw.Connection(self._path)
        connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=16000")
        connection.execute("CREATE TABLE events(number INTEGER PRIMARY KEY, head, data, done)")
        while True:
            group = [self._work.get()]
            while len(group) < EVENTS_PER_COMMIT_MAX and not self._work.empty():
                group.append(self._work.get())
            stored: list[tuple[asyncio.Future[int], int]] = []
            with connection:
                for work, future in group:
                    if future is None:
                        connection.execute("UPDATE events SET done=1 WHERE number=?", (work,))
                        continue
                    for head, data in work:
                        connection.execute(
                            "INSERT INTO events(head, data) VALUES(?, ?)",
                            (orjson.dumps(head), data),
                        )
                    stored.append((future, connection.last_insert_rowid()))
            self._loop.call_soon_threadsafe(self._tell, stored)

    def _tell(self, stored: list[tuple[asyncio.Future[int], int]]) -> None:
        for future, number in stored:
            if not future.done():
                future.set_result(number)


class Reference:
    """The ASGI application and its delivery tasks."""

    def __init__(self, path: str, triggers: list[tuple[str, str]]) -> None:
        self._path = path
        self._triggers = triggers
        self._waiting: asyncio.Queue[tuple[int, str, Row]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        rows = list(self._rows(scope["headers"], body))
        last = await self._store.append(rows)
        for number, row in enumerate(rows, last - len(rows) + 1):
            for event_type, url in self._triggers:
                if row[0].get("type") == event_type:
                    self._waiting.put_nowait((number, url, row))
        await send({"type": "http.response.start", "status": 202, "headers": EMPTY})
        await send({"type": "http.response.body", "body": b""})

    def _rows(self, headers: list[tuple[bytes, bytes]], body: bytes) -> list[Row]:
        fields = {name.decode(): value.decode() for name, value in headers}
        if fields.get("content-type", "").startswith("application/cloudevents-batch+json"):
            events = orjson.loads(body)
            return [(event, orjson.dumps(event.pop("data", None))) for event in events]
        return [({n[3:]: value for n, value in fields.items() if n[:3] == "ce-"}, body)]

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._store = Store(self._path, asyncio.get_running_loop())
        connector = aiohttp.TCPConnector(limit=0)
        self._client = aiohttp.ClientSession(connector=connector)
        self._tasks = [asyncio.create_task(self._deliver()) for _ in range(CALLS_IN_FLIGHT)]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in self._tasks:
            task.cancel()
        await self._client.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _deliver(self) -> None:
        while True:
            number, url, (attributes, data) = await self._waiting.get()
            headers = {f"ce-{name}": str(value) for name, value in attributes.items()}
            headers["content-type"] = "application/json"
            try:
                async with self._client.post(url, data=data, headers=headers) as answer:
                    await answer.read()
            except aiohttp.ClientError as error:
                print(f"{url}: {error!r}", file=sys.stderr)
            self._store.end(number)


def main() -> None:
    port, path, *rest = sys.argv[1:]
    application = Reference(path, list(zip(rest[::2], rest[1::2], strict=True)))
    uvicorn.run(application, port=int(port), log_level="warning", access_log=False, backlog=1024)


if __name__ == "__main__":
    main()
