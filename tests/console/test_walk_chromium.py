"""What an operator does on a bad morning, with a browser and no word of documentation."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.browsing import Browsing, browsing
from tests.console.scene import FLOWERS, bad_day, url_of
from tests.deploy.living import Living
from tests.servers.chromium import Chromium

PICTURES = Path(__file__).resolve().parents[2] / "build" / "console"


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Living]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with bad_day(tmp_path) as one:
        yield one


async def picture(browser: Browsing, name: str) -> None:
    await browser.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


async def to_the_group(browser: Browsing) -> None:
    await browser.open("/")
    await browser.page.click("nav >> text=Dead letters")
    await browser.page.click("td.n >> text=12")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_broken_model_is_found_mended_and_redriven(
    chromium: Chromium, day: Living, theme: str
) -> None:
    async with browsing(chromium, url_of(day), theme=theme) as browser:
        page = browser.page
        await to_the_group(browser)
        await page.click("text=Look at the latest")
        evidence = await page.inner_text("main")
        day.subscriber.answers.clear()  # the model is mended
        await page.click(".crumbs >> text=group")
        await page.click("text=Redrive 12 …")
        await picture(browser, f"plan-redrive-{theme}")
        await page.fill("input[name=canary]", "3")
        await page.click("button:text('Redrive 12')")
        await page.wait_for_selector("#live .badge:text-is('done')")
        told = await page.inner_text("main")
        await picture(browser, f"redrive-{theme}")
        await page.click("nav >> text=Jobs")
        await picture(browser, f"jobs-redrive-{theme}")
        await page.click("nav >> text=Dead letters")
        empty = await page.inner_text("main")

    assert "no field petals" in evidence
    assert f"Delivered\n{FLOWERS}" in told
    assert "Nothing is dead" in empty
    assert browser.wrongs == []


async def test_a_model_that_is_still_broken_stops_the_redrive_at_its_canary(
    chromium: Chromium, day: Living
) -> None:
    async with browsing(chromium, url_of(day)) as browser:
        page = browser.page
        await to_the_group(browser)
        await page.click("text=Redrive 12 …")
        await page.fill("input[name=canary]", "3")
        await page.click("button:text('Redrive 12')")
        await page.wait_for_selector("#live .badge:text-is('aborted')")
        told = await page.inner_text("main")
        await picture(browser, "redrive-aborted-light")

    assert "too much failed again" in told
    (left,) = re.findall(r"Left\n(\d+)", told)
    assert int(left) >= FLOWERS - 3
    assert browser.wrongs == []


async def test_a_redrive_is_slowed_paused_and_cancelled(chromium: Chromium, day: Living) -> None:
    day.subscriber.answers.clear()

    async with browsing(chromium, url_of(day)) as browser:
        page = browser.page
        await to_the_group(browser)
        await page.click("text=Redrive 12 …")
        await page.fill("input[name=rate]", "1")
        await page.click("button:text('Redrive 12')")
        await page.click("summary:text('Cancel')")
        delivered = page.locator("#live dd").nth(1)
        before = await delivered.inner_text()
        await page.wait_for_function(
            "before => document.querySelectorAll('#live dd')[1].textContent !== before", arg=before
        )
        is_open = await page.locator("#live details").get_attribute("open")
        await page.click("button:text('Pause')")
        await page.wait_for_selector("#live .badge:text-is('paused')")
        await page.click("summary:text('Cancel')")
        await page.click("button.danger")
        await page.wait_for_selector("#live .badge:text-is('cancelled')")

    assert is_open is not None, "what somebody has opened stays open while numbers go on"
    assert browser.wrongs == []


async def test_what_is_discarded_with_its_number_typed_is_restored(
    chromium: Chromium, day: Living
) -> None:
    async with browsing(chromium, url_of(day)) as browser:
        page = browser.page
        await to_the_group(browser)
        await page.click("text=Discard 12 …")
        await picture(browser, "plan-discard-light")
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
    assert browser.wrongs == []
