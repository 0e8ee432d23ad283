"""The console in a real browser: it opens, is used by mouse and keys, and does nothing else."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route

from tests.console.browsing import browsing
from tests.console.scene import bad_day, dead_ids, url_of
from tests.deploy.living import Living

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGES = {
    "overview": "/",
    "trigger": "/triggers/default/classify",
    "trigger-paused": "/triggers/default/nightly-report",
    "source": "/sources/default/every-minute",
    "sink": "/sinks?name=SINK",
    "groups": "/dead-letters",
    "group": "/dead-letters/groups/GROUP",
    "letters": "/dead-letters/list?where=reason%20%3D%20%27refused%27",
    "letters-mistake": "/dead-letters/list?where=reason%20%3D%20%3D",
    "letters-none": "/dead-letters/list?where=reason%20%3D%20%27age%27",
    "letter": "/dead-letters/LETTER",
    "difference": "/dead-letters/LETTER/difference",
    "edit": "/dead-letters/LETTER/edit",
    "import": "/dead-letters/import",
    "events": "/events",
    "events-none": "/events?filter=type%20%3D%20%27nothing%27",
    "event": "/events/at?broker=default/default&offset=3",
    "jobs": "/jobs",
    "audit": "/audit",
    "keys": "/keys",
    "lost": "/nothing",
    "sign-in": "/sign-in",
}
STATUSES = {"lost": 404, "letters-mistake": 400}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def day(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    """For tests that only look."""
    async with bad_day(tmp_path_factory.mktemp("day")) as one:
        yield one


async def paths_of(one: Living) -> dict[str, str]:
    """The pages of this day, its ids put in."""
    broker = one.process.running.brokers["default/default"]
    (letter, *_) = await dead_ids(one)
    (group, *_) = await broker.engine.desk.groups(None, 1)
    sink = next(name for name in one.process.running.endpoints if name.endswith("/classify"))
    put = {"SINK": sink, "GROUP": group.id, "LETTER": letter}
    return {
        name: re.sub("|".join(put), lambda found: put[found[0]], path)
        for name, path in PAGES.items()
    }


async def test_every_page_opens_clean_fits_a_phone_and_is_pictured(
    browser: Browser, day: Living
) -> None:
    statuses = {}

    async with browsing(browser, url_of(day)) as visitor:
        for name, path in (await paths_of(day)).items():
            statuses[name] = await visitor.open(path)
            await visitor.picture(name)

    assert statuses == {name: STATUSES.get(name, 200) for name in PAGES}
    assert visitor.wrongs == []


async def test_keys_lead_to_the_content_and_to_the_query(browser: Browser, day: Living) -> None:
    async with browsing(browser, url_of(day)) as visitor:
        page = visitor.page
        await visitor.open("/dead-letters")
        await page.keyboard.press("Tab")
        first = await page.evaluate("document.activeElement.textContent")
        await page.keyboard.press("Enter")
        skipped_to = await page.evaluate("document.activeElement.id")
        await page.keyboard.press("/")
        await page.keyboard.type("attempts > 7")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/dead-letters/list?where=*")
        told = await visitor.text()

    assert (first, skipped_to) == ("Skip to the content", "main")
    assert "No dead letter matches" in told
    assert visitor.wrongs == []


async def test_keys_go_from_page_to_page_and_are_listed(browser: Browser, day: Living) -> None:
    async with browsing(browser, url_of(day)) as visitor:
        page = visitor.page
        await visitor.open("/events")
        await page.fill("#query", "g j ?")  # what is written is no key
        await page.evaluate("document.activeElement.blur()")
        for keys, place in (("gd", "/dead-letters"), ("gj", "/jobs"), ("?", "/keys"), ("go", "/")):
            await page.keyboard.type(keys)
            await page.wait_for_url(f"{visitor.url}{place}")

    assert visitor.wrongs == []


async def test_a_chosen_theme_stays(browser: Browser, day: Living) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"

    async with browsing(browser, url_of(day)) as visitor:
        await visitor.open("/events")
        light = await visitor.page.evaluate(colour)
        await visitor.page.click("button[value=dark]")
        await visitor.open("/audit")
        dark = await visitor.page.evaluate(colour)

    assert (light, dark) == ("rgb(246, 247, 248)", "rgb(18, 23, 27)")
    assert visitor.wrongs == []


async def test_a_stream_that_breaks_is_asked_for_again(browser: Browser, day: Living) -> None:
    broken: list[str] = []
    is_seen = asyncio.Event()

    async def break_the_first(route: Route) -> None:
        if "event-stream" not in route.request.headers["accept"]:
            await route.continue_()
            return
        if broken:
            await is_seen.wait()  # what is broken stays until it was looked at
            await route.continue_()
            return
        broken.append(route.request.url)
        body = "retry: 2000\ndata: <p>broken</p>\n\ndata: <p>half of"
        await route.fulfill(body=body, content_type="text/event-stream")

    async with browsing(browser, url_of(day)) as visitor:
        await visitor.page.route("**/*", break_the_first)
        await visitor.open("/triggers/default/invoices")
        await visitor.page.wait_for_selector("#live p:text-is('broken')")
        is_seen.set()
        await visitor.page.wait_for_selector("#live dd:text-is('5')")

    assert len(broken) == 1
    assert visitor.wrongs == []


async def test_what_is_found_in_a_payload_is_marked(browser: Browser, day: Living) -> None:
    (letter, *_) = await dead_ids(day)

    async with browsing(browser, url_of(day)) as visitor:
        await visitor.open(f"/dead-letters/{letter}")
        await visitor.page.fill("[aria-label='Find in Data']", "PETALS")
        marked = await visitor.page.inner_text("mark")
        told = await visitor.page.inner_text(".payload:has(mark) .found")

    assert (marked, told) == ("petals", "1 found")
    assert visitor.wrongs == []
