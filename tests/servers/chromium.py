"""The system's Chromium, driven by Playwright: a browser for the pages of the console."""

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, async_playwright

from tests.servers.cache import Missing

VARIABLE = "HEADRACE_TEST_CHROMIUM"  # a path
NAMES = ("chromium", "chromium-browser", "google-chrome")
# A browser in a container has no sandbox of its own, and no business beyond loopback.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True)
class Chromium:
    program: str

    @asynccontextmanager
    async def launched(self) -> AsyncIterator[Browser]:
        """A browser of the test's own; about two seconds."""
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=self.program, headless=True, args=list(QUIET)
            )
            try:
                yield browser
            finally:
                await browser.close()


def find_chromium(environ: Mapping[str, str] = os.environ) -> Chromium:
    """Raises Missing."""
    named = environ.get(VARIABLE)
    program = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None:
        raise Missing("chromium", f"none of {', '.join(NAMES)} is on the PATH")
    return Chromium(program)
