"""A redrive to another sink, and the bar of a phone for who is signed in, in a real browser."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from deploy.access.roles import Role
from tests.console.browsing import DESK, PHONE, browsing
from tests.console.scene import FLOWERS, bad_day, url_of
from tests.deploy.living import Living

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARCHIVE = """---
apiVersion: headrace.dev/v1
kind: FileSink
metadata: {name: archive}
spec: {path: FOLDER/archive.ndjson}
"""
ENDED_SECONDS_MAX = 60.0
LONG_NAME = "the-operators-of-the-night-shift-of-the-third-hall"
ROWS_OF_THE_BAR = """
() => {
  const parts = document.querySelectorAll(".top > a, .top nav a, .who span, .who button");
  const middles = [...parts].map((part) => part.getBoundingClientRect())
    .map((place) => Math.round((place.top + place.bottom) / 2));
  return middles.sort((one, other) => one - other)
    .filter((middle, index, all) => index === 0 || middle - all[index - 1] > 12).length;
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def day(tmp_path: Path) -> AsyncIterator[Living]:
    """With a sink that nothing delivers to."""
    async with bad_day(tmp_path, ARCHIVE.replace("FOLDER", str(tmp_path))) as one:
        yield one


async def test_without_scripts_another_sink_is_chosen_and_takes_them(
    browser: Browser, day: Living, tmp_path: Path
) -> None:
    async with browsing(browser, url_of(day), java_script_enabled=False) as visitor:
        page = visitor.page
        await visitor.open("/dead-letters")
        await page.click("text=Redrive all that is dead …")
        await page.click("text=Send them elsewhere")
        await visitor.picture("plan-elsewhere")
        await page.select_option("select[name=to_sink]", "default/archive")
        await page.click("text=Plan it so")
        await visitor.picture("plan-to-sink")
        await page.click("button:text('to default/archive')")
        async with asyncio.timeout(ENDED_SECONDS_MAX):
            while "All of the plan was delivered" not in (told := await visitor.text()):
                await page.reload()
        await visitor.picture("redrive-to-sink")
        await page.click("nav >> text=Jobs")
        listed = await visitor.text()
        await visitor.picture("jobs-elsewhere")

    assert "To the sink default/archive" in told
    assert "to default/archive" in listed
    assert len((tmp_path / "archive.ndjson").read_bytes().splitlines()) == FLOWERS
    assert visitor.wrongs == []


@pytest.mark.parametrize("name", ["ann", LONG_NAME])
async def test_the_bar_of_a_phone_has_two_rows_for_who_is_signed_in(
    browser: Browser, day: Living, name: str
) -> None:
    book = day.process.running.tokens
    assert book is not None
    _, token = await book.create(name, Role.ADMIN, None, "local")

    async with browsing(browser, url_of(day)) as visitor:
        await visitor.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await visitor.open("/sign-in?next=/jobs")
        await visitor.page.fill("#token", token)
        await visitor.page.keyboard.press("Enter")
        await visitor.page.wait_for_url(f"{visitor.url}/jobs")
        rows = await visitor.page.evaluate(ROWS_OF_THE_BAR)
        await visitor.page.set_viewport_size(DESK)  # type: ignore[arg-type]
        await visitor.picture(f"signed-in-{len(name)}")

    assert rows == 2
    assert visitor.wrongs == []
