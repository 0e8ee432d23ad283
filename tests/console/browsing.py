"""One browser over one headrace: what it opened, and all that must never happen meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Dialog, Page

PATIENCE_MILLISECONDS = 60_000
PICTURES = Path(__file__).resolve().parents[2] / "build" / "console"
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# Reported to the test and not by a request: what a page may not do, it may not report either.
REPORT = """
document.addEventListener("securitypolicyviolation", (violated) => {
  console.error("CSP " + violated.violatedDirective + " " + violated.blockedURI);
});
"""


@dataclass
class Browsing:
    """`wrongs` has dialogs, requests to other places, errors on the console, CSP reports, and
    pages that are wider than a phone.
    """

    page: Page
    context: BrowserContext
    url: str
    wrongs: list[str] = field(default_factory=list)

    async def open(self, path: str, page: Page | None = None) -> int:
        """The status of what `page`, the first where none is named, has shown whole."""
        answer = await (page or self.page).goto(self.url + path, wait_until="load")
        assert answer is not None
        return answer.status

    async def text(self) -> str:
        await self.page.wait_for_load_state("domcontentloaded")  # a click waits for its beginning
        return await self.page.inner_text("body")

    async def main(self) -> str:
        """What the page says between its bars, once it is there to its end."""
        await self.page.wait_for_load_state("domcontentloaded")
        return await self.page.inner_text("main")

    async def picture(self, name: str) -> None:
        """The whole page in light and in dark, and as a phone shows it."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        for theme in ("dark", "light"):
            await self.page.emulate_media(color_scheme=theme)
            await self.page.screenshot(path=PICTURES / f"{name}-{theme}.png", full_page=True)
        await self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await self.page.screenshot(path=PICTURES / f"{name}-phone.png", full_page=True)
        if await self.page.evaluate(WIDER):
            self.wrongs.append(f"wider than a phone: {name}")
        await self.page.set_viewport_size(DESK)  # type: ignore[arg-type]


@asynccontextmanager
async def browsing(browser: Browser, url: str, **options: bool) -> AsyncIterator[Browsing]:
    """A visitor at `url`, with cookies of their own; `options` are those of a context."""
    context = await browser.new_context(viewport=DESK, color_scheme="light", **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    await context.add_init_script(REPORT)
    page = await context.new_page()
    browsing = Browsing(page, context, url)
    _watch(browsing)
    try:
        yield browsing
    finally:
        await context.close()


def _watch(browsing: Browsing) -> None:
    """All pages of the visitor, also those that are opened later."""
    context, wrongs = browsing.context, browsing.wrongs

    async def refuse(dialog: Dialog) -> None:
        wrongs.append(f"dialog {dialog.message}")
        await dialog.dismiss()

    context.on("dialog", refuse)
    context.on("weberror", lambda failed: wrongs.append(f"error {failed.error}"))
    context.on(
        "console",
        lambda said: (
            wrongs.append(f"{said.type} {said.text}")
            if said.type in ("error", "warning") and "the server responded with" not in said.text
            else None
        ),
    )
    context.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((f"{browsing.url}/", "data:image/"))
            else wrongs.append(f"request {asked.url}")
        ),
    )
