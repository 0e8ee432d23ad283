"""One browser over one headrace: what it opened, and all that must never happen meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, Page

from tests.servers.chromium import Chromium

PATIENCE_MILLISECONDS = 15_000
# Reported to the test and not by a request: what a page may not do, it may not report either.
REPORT = """
document.addEventListener("securitypolicyviolation", (violated) => {
  console.error("CSP " + violated.violatedDirective + " " + violated.blockedURI);
});
"""


@dataclass
class Browsing:
    """`wrongs` has dialogs, requests to other places, errors on the console, CSP reports."""

    page: Page
    context: BrowserContext
    url: str
    wrongs: list[str] = field(default_factory=list)

    async def open(self, path: str) -> int:
        """The status of a page that has been shown whole."""
        answer = await self.page.goto(self.url + path, wait_until="load")
        assert answer is not None
        return answer.status

    async def text(self) -> str:
        return await self.page.inner_text("body")


@asynccontextmanager
async def browsing(
    chromium: Chromium, url: str, width: int = 1280, height: int = 900, theme: str = "light"
) -> AsyncIterator[Browsing]:
    """A browser at `url`, in light or dark."""
    async with chromium.launched() as browser:
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
        )
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        await context.add_init_script(REPORT)
        page = await context.new_page()
        browsing = Browsing(page, context, url)
        _watch(browsing)
        yield browsing
        await context.close()


def _watch(browsing: Browsing) -> None:
    page, wrongs = browsing.page, browsing.wrongs

    async def refuse(dialog: object) -> None:
        wrongs.append(f"dialog {dialog}")
        await dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", refuse)
    page.on("pageerror", lambda error: wrongs.append(f"error {error}"))
    page.on(
        "console",
        lambda said: (
            wrongs.append(f"{said.type} {said.text}")
            if said.type in ("error", "warning") and "the server responded with" not in said.text
            else None
        ),
    )
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((f"{browsing.url}/", "data:image/"))
            else wrongs.append(f"request {asked.url}")
        ),
    )
