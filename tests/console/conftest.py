"""The console over a broker in memory, asked as a browser asks; and over a whole headrace."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from deploy.access.roles import Role
from tests.deploy.asking import Asking, Told, make_asking
from tests.servers.chromium import Chromium

PAGE = {"accept": "text/html", "origin": "http://localhost"}
FORM = PAGE | {"content-type": "application/x-www-form-urlencoded"}
COOKIE = "headrace-session-8081"


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
