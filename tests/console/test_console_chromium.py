"""The console in a real browser: it opens, is used by mouse and keys, and does nothing else."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route

from deploy.access.roles import Role
from tests.console.browsing import browsing
from tests.console.scene import FLOWERS, bad_day, dead_ids, url_of
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


@pytest_asyncio.fixture(loop_scope="session")
async def own_day(tmp_path: Path) -> AsyncIterator[Living]:
    """For one that changes something."""
    async with bad_day(tmp_path) as one:
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
        bad_day(tmp_path, proof_minutes=1 / 60) as one,
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
        asked = await page.inner_text("main")
        await visitor.picture("token-again")
        await page.fill("#proof", token)
        await page.keyboard.press("Enter")
        said = await page.inner_text("[role=status]")

    assert "nothing was done yet" in asked
    assert said.startswith("12 discarded")
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


async def test_a_stream_that_breaks_is_asked_for_again(browser: Browser, day: Living) -> None:
    broken: list[str] = []

    async def break_the_first(route: Route) -> None:
        if broken or "event-stream" not in route.request.headers["accept"]:
            await route.continue_()
            return
        broken.append(route.request.url)
        body = "retry: 2000\ndata: <p>broken</p>\n\ndata: <p>half of"
        await route.fulfill(body=body, content_type="text/event-stream")

    async with browsing(browser, url_of(day)) as visitor:
        await visitor.page.route("**/*", break_the_first)
        await visitor.open("/triggers/default/invoices")
        await visitor.page.wait_for_selector("#live p:text-is('broken')")
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


async def test_a_seek_that_skips_takes_the_number_of_what_it_skips(
    browser: Browser, own_day: Living
) -> None:
    place = "/triggers/default/nightly-report"

    async with browsing(browser, url_of(own_day)) as visitor:
        page = visitor.page
        await visitor.open(place)
        await page.fill("input[name=to]", "latest")
        await page.click("text=Seek …")
        asked = await page.inner_text("main")
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
        shown = await page.inner_text("main")
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
