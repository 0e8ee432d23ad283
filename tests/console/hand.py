"""A hand in a browser, counted: an address, a click, a text or a key is one action."""

from pathlib import Path

from tests.console.browsing import Browsing

PICTURES = Path(__file__).resolve().parents[2] / "build" / "console"


class Hand:
    """`done` has what it did; after what changes the page, `looks` is for a picture of it."""

    def __init__(self, browser: Browsing) -> None:
        self.done: list[str] = []
        self.browser = browser
        PICTURES.mkdir(parents=True, exist_ok=True)

    async def go(self, path: str) -> None:
        self.done.append(f"go to {path}")
        await self.browser.open(path)

    async def click(self, what: str) -> None:
        self.done.append(f"click {what}")
        await self.browser.page.click(what)
        await self.browser.page.wait_for_load_state()

    async def type(self, text: str) -> None:
        """Over all that the field under the cursor holds, as after a click on its label."""
        self.done.append(f"type {text[:40]}")
        await self.browser.page.keyboard.press("ControlOrMeta+a")
        await self.browser.page.keyboard.insert_text(text)

    async def looks(self, name: str) -> str:
        """All that the page says, with a picture of it."""
        await self.browser.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
        return await self.browser.page.inner_text("main")

    async def waits_for(self, what: str, seconds: float = 15.0) -> None:
        await self.browser.page.wait_for_selector(what, timeout=seconds * 1_000)
