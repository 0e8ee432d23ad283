"""What an operator does on a bad morning, with a browser and no word of documentation."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.console.browsing import Browsing, browsing
from tests.console.scene import FLOWERS, bad_day, url_of
from tests.deploy.living import Living

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def day(tmp_path: Path) -> AsyncIterator[Living]:
    async with bad_day(tmp_path) as one:
        yield one


async def to_the_group(visitor: Browsing) -> None:
    await visitor.open("/")
    await visitor.page.click("nav >> text=Dead letters")
    await visitor.page.click("td.n >> text=12")


async def redrive(visitor: Browsing, **said: str) -> None:
    """All of the group under the cursor, with these fields of the plan filled in."""
    await visitor.page.click("text=Redrive 12 …")
    for name, text in said.items():
        await visitor.page.fill(f"input[name={name}]", text)
    await visitor.page.click("button:text('Redrive 12')")


async def becomes(visitor: Browsing, state: str) -> None:
    await visitor.page.wait_for_selector(f"#live .badge:text-is('{state}')")


async def ends(visitor: Browsing, state: str) -> str:
    """All that the job's page says once it is in that state, and nothing is under way any more."""
    await becomes(visitor, state)
    await visitor.page.wait_for_selector("#live [role=status]")
    return await visitor.main()


async def test_a_broken_model_is_found_mended_and_redriven(browser: Browser, day: Living) -> None:
    async with browsing(browser, url_of(day)) as visitor:
        page = visitor.page
        await to_the_group(visitor)
        await page.click("text=Look at the latest")
        evidence = await visitor.main()
        day.subscriber.answers.clear()  # the model is mended
        await page.click(".crumbs >> text=group")
        await redrive(visitor, canary="3")
        told = await ends(visitor, "done")
        await visitor.picture("redrive")
        await page.click("nav >> text=Jobs")
        await visitor.picture("jobs-redrive")
        await page.click("nav >> text=Dead letters")
        empty = await visitor.main()
        await visitor.picture("groups-none")

    assert "no field petals" in evidence
    assert f"Delivered\n{FLOWERS}" in told
    assert "Nothing is dead" in empty
    assert visitor.wrongs == []


async def test_a_page_that_saw_its_job_end_asks_no_more(browser: Browser, day: Living) -> None:
    day.subscriber.answers.clear()
    asked: list[str] = []

    async with browsing(browser, url_of(day)) as visitor:
        page = visitor.page
        await page.clock.install()
        await to_the_group(visitor)
        await redrive(visitor, rate="4")
        told = await ends(visitor, "done")
        await page.wait_for_selector("#asking", state="detached")
        page.on("request", lambda one: asked.append(one.url))
        await page.clock.fast_forward(120_000)
        await page.evaluate("fetch('/keys')")

    assert "All of the plan was delivered" in told
    assert asked == [f"{url_of(day)}/keys"]
    assert visitor.wrongs == []


async def test_a_model_that_is_still_broken_stops_the_redrive_at_its_canary(
    browser: Browser, day: Living
) -> None:
    async with browsing(browser, url_of(day)) as visitor:
        await to_the_group(visitor)
        await redrive(visitor, canary="3")
        told = await ends(visitor, "aborted")
        await visitor.picture("redrive-aborted")

    assert "It stopped by itself" in told
    (left,) = re.findall(r"Left\n(\d+)", told)
    assert int(left) >= FLOWERS - 3
    assert visitor.wrongs == []


async def test_a_redrive_is_slowed_paused_and_cancelled(browser: Browser, day: Living) -> None:
    day.subscriber.answers.clear()

    async with browsing(browser, url_of(day)) as visitor:
        page = visitor.page
        await to_the_group(visitor)
        await redrive(visitor, rate="0.2")  # a minute for all: it is paused long before its end
        await page.click("summary:text('Cancel')")
        delivered = page.locator("#live dd").nth(1)
        before = await delivered.inner_text()
        await page.wait_for_function(
            "before => document.querySelectorAll('#live dd')[1].textContent !== before", arg=before
        )
        is_open = await page.locator("#live details").get_attribute("open")
        await page.click("button:text('Pause')")
        await becomes(visitor, "paused")
        await page.click("summary:text('Cancel')")
        await page.click("button.danger")
        await ends(visitor, "cancelled")
        await visitor.picture("redrive-cancelled")

    assert is_open is not None, "what somebody has opened stays open while numbers go on"
    assert visitor.wrongs == []


async def test_what_is_discarded_with_its_number_typed_is_restored(
    browser: Browser, day: Living
) -> None:
    async with browsing(browser, url_of(day)) as visitor:
        page = visitor.page
        await to_the_group(visitor)
        await page.click("text=Discard 12 …")
        await visitor.picture("plan-discard")
        await page.fill("input[name=typed]", "12")
        await page.fill("input[name=reason]", "a test of the model")
        await page.click("button.danger")
        discarded = await page.inner_text("[role=status]")
        await page.click("text=What is discarded")
        await page.click("text=Restore what is discarded …")
        await page.click("button:text('Restore 12')")
        restored = await page.inner_text("[role=status]")
        await page.click("nav >> text=Dead letters")
        count = await page.inner_text("td.n strong")

    assert discarded.startswith("12 discarded")
    assert restored.startswith("12 restored")
    assert count == "12"
    assert visitor.wrongs == []
