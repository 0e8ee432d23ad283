"""The console over a broker in memory, asked as a browser asks; and over a whole headrace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser

from deploy.access.roles import Role
from tests.deploy.asking import Asking, Told, make_asking, scope_of
from tests.servers.chromium import Chromium

PAGE = {"accept": "text/html", "origin": "http://localhost"}
FORM = PAGE | {"content-type": "application/x-www-form-urlencoded"}
STREAM_ACCEPTED = "text/html, text/event-stream"
PATIENCE_SECONDS = 60.0
COOKIE = "headrace-session-8081"


@dataclass
class Stream:
    """What comes of a page that goes on: each event as text, None at its end."""

    status: int = 0
    events: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)

    async def next(self) -> str | None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.events.get()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif text := message.get("body", b"").decode():
            self.events.put_nowait(text)


async def ask_on(app: FastAPI, target: str, headers: dict[str, str], stream: Stream) -> None:
    """One GET whose answer goes on, until it ends or this is cancelled."""
    scope = scope_of("GET", target, headers, "127.0.0.1")

    async def receive() -> Any:
        return await asyncio.Event().wait()

    await app(scope, receive, stream.send)
    stream.events.put_nowait(None)


@dataclass
class Reader:
    """Somebody with a browser: their cookie, and the proof that their pages show."""

    asking: Asking
    cookie: str = ""
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> Told:
        return await self.asking.ask("GET", path, headers=self._headers(PAGE) | headers)

    async def post(self, path: str, csrf: str | None = None, **fields: str) -> Told:
        """A form as a page of the console sends it."""
        proof = self.csrf if csrf is None else csrf
        body = urlencode({**fields, "csrf": proof}).encode()
        return await self.asking.ask("POST", path, body, self._headers(FORM))

    async def sign_in(self, token: str) -> Told:
        told = await self.post("/sign-in", token=token)
        self.cookie = told.headers.get("set-cookie", "").partition(";")[0]
        sessions = self.asking.app.state.sessions
        found = sessions.find(self.cookie.partition("=")[2], self.asking.book)
        self.csrf = "" if found is None else found[0].csrf
        return told

    @asynccontextmanager
    async def stream(self, path: str, **headers: str) -> AsyncIterator[Stream]:
        """The page at `path` as it goes on."""
        wanted = {"host": "localhost", **self._headers(PAGE), "accept": STREAM_ACCEPTED, **headers}
        stream = Stream()
        task = asyncio.create_task(ask_on(self.asking.app, path, wanted, stream))
        try:
            yield stream
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return headers | {"cookie": self.cookie} if self.cookie else dict(headers)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Chromium) -> AsyncIterator[Browser]:
    """One for all tests of pages, which run on the loop of the session: each takes a context."""
    async with chromium.launched() as started:
        yield started


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Asking]:
    asking = await make_asking(tmp_path)
    yield asking
    await asking.close()


@pytest.fixture
def local(admin: Asking) -> Reader:
    """Where no token was ever made."""
    return Reader(admin, csrf=admin.app.state.sessions.local.csrf)


@pytest.fixture
async def operator(admin: Asking) -> Reader:
    """Signed in."""
    await admin.token("admin", Role.ADMIN)
    reader = Reader(admin)
    await reader.sign_in(await admin.token("ann", Role.OPERATOR))
    return reader
