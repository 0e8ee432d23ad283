"""What is done in a real browser: signing in, valves, edits, and acts on many."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from deploy.access.roles import Role
from tests.console.browsing import browsing
from tests.console.scene import FLOWERS, bad_day, dead_ids, url_of
from tests.deploy.living import Living

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def own_day(tmp_path: Path) -> AsyncIterator[Living]:
    """For one that changes something."""
    async with bad_day(tmp_path) as one:
        yield one


async def test_a_token_signs_in_and_a_wrong_one_is_refused(
    browser: Browser, own_day: Living
) -> None:
    book = own_day.process.running.tokens
    assert book is not None
    _, token = await book.create("admin", Role.ADMIN, None, "local")

    async with browsing(browser, url_of(own_day)) as visitor:
        page = visitor.page
        await visitor.open("/audit")
        await page.fill("#token", "hr_wrong")
        await page.keyboard.press("Enter")
        refused = await page.inner_text("[role=alert]")
        await visitor.picture("sign-in-refused")
        await page.fill("#token", token)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/audit")
        told = await visitor.text()
        await page.click("text=Sign out")
        await page.wait_for_url("**/sign-in")

    assert "does not count" in refused
    assert "sign-in.console" in told
    assert visitor.wrongs == []


async def test_an_act_on_many_asks_for_the_token_again_and_goes_on(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        bad_day(tmp_path, proof_minutes=1 / 10) as one,
        browsing(browser, url_of(one)) as visitor,
    ):
        book, page = one.process.running.tokens, visitor.page
        assert book is not None
        _, token = await book.create("ann", Role.ADMIN, None, "local")
        await visitor.open("/sign-in?next=/dead-letters")
        await page.fill("#token", token)
        await page.keyboard.press("Enter")
        await page.click("td.n >> text=12")
        await page.click("text=Discard 12 …")
        await page.fill("input[name=typed]", "12")
        await page.fill("input[name=reason]", "a test of the model")
        while (await page.request.get(f"{page.url}/export", max_redirects=0)).status != 403:
            pass
        await page.click("button.danger")
        asked = await visitor.main()
        await visitor.picture("token-again")
        await page.fill("#proof", token)
        await page.keyboard.press("Enter")
        said = await page.inner_text("[role=status]")

    assert "nothing was done yet" in asked
    assert said.startswith("12 discarded")
    assert visitor.wrongs == []


async def test_numbers_go_on_by_themselves_and_leave_the_focus_alone(
    browser: Browser, own_day: Living
) -> None:
    async with browsing(browser, url_of(own_day)) as visitor:
        await visitor.open("/triggers/default/nightly-report")
        await visitor.page.fill("input[name=to]", "latest")
        await own_day.process.running.brokers["default/default"].partition.steering.resume(
            "default/nightly-report", "test", ""
        )
        await visitor.page.wait_for_selector("h1 + div dd:text-is('30'), #live dd:text-is('30')")
        written = await visitor.page.input_value("input[name=to]")

    assert written == "latest"
    assert visitor.wrongs == []


async def test_a_seek_that_skips_takes_the_number_of_what_it_skips(
    browser: Browser, own_day: Living
) -> None:
    place = "/triggers/default/nightly-report"

    async with browsing(browser, url_of(own_day)) as visitor:
        page = visitor.page
        await visitor.open(place)
        await page.fill("input[name=to]", "latest")
        await page.click("text=Seek …")
        asked = await visitor.main()
        (typed,) = re.findall(r"Type the number, (\d+), to confirm", asked)
        await visitor.picture("seek")
        await page.fill("input[name=typed]", typed)
        await page.click("button.danger")
        await page.wait_for_url(f"**{place}?done=seek*")
        said = await page.inner_text("[role=status]")

    assert "skipped: what of them matches counts as discarded" in asked
    assert said.startswith("The trigger goes on there")
    assert visitor.wrongs == []


async def test_one_is_edited_with_what_changes_shown_first(
    browser: Browser, own_day: Living
) -> None:
    (letter, *_) = await dead_ids(own_day)

    async with browsing(browser, url_of(own_day)) as visitor:
        page = visitor.page
        await visitor.open(f"/dead-letters/{letter}")
        await page.click("text=Edit and redrive")
        text = await page.input_value("#text")
        await page.fill("#text", text.replace("null", "4"))
        await page.fill("input[name=reason]", "petals were missing")
        await page.click("text=Show what changes")
        shown = await visitor.main()
        await visitor.picture("edit-shown")
        own_day.subscriber.answers.clear()
        await page.click("text=Send the edited event")
        await page.wait_for_selector(".badge:text-is('redriven-edited')")
        said = await page.inner_text("[role=status]")
        await visitor.picture("letter-edited")

    assert "/petals" in shown
    assert "An edited copy was delivered in its place" in said
    assert visitor.wrongs == []


async def test_one_is_redriven_without_scripts(browser: Browser, own_day: Living) -> None:
    own_day.subscriber.answers.clear()  # the model is mended
    async with browsing(browser, url_of(own_day), java_script_enabled=False) as visitor:
        page = visitor.page
        await visitor.open("/dead-letters")
        await page.click("text=an example")
        await page.click("text=Redrive this one")
        said = await page.inner_text("[role=status]")
        await visitor.open("/dead-letters")
        count = await page.inner_text("td.n strong")

    assert "On its way to the trigger again" in said or "Delivered after all" in said
    assert count == str(FLOWERS - 1)
    assert visitor.wrongs == []
