"""A hand in a browser, counted: an address, a click, a text or a key is one action."""

from tests.console.browsing import Browsing


class Hand:
    """`done` has what it did; `looks` is for pictures of what it sees."""

    def __init__(self, browser: Browsing) -> None:
        self.done: list[str] = []
        self.browser = browser

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
        """All that the page says, with pictures of it."""
        await self.browser.picture(name)
        return await self.browser.page.inner_text("main")

    async def waits_for(self, what: str, seconds: float = 60.0) -> None:
        await self.browser.page.wait_for_selector(what, timeout=seconds * 1_000)
