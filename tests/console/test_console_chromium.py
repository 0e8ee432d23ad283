"""The console in a real browser: it opens, is used by mouse and keys, and does nothing else."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.access.roles import Role
from tests.console.browsing import browsing
from tests.console.scene import FLOWERS, bad_day, dead_ids, url_of
from tests.deploy.living import Living
from tests.servers.chromium import Chromium

PICTURES = Path(__file__).resolve().parents[2] / "build" / "console"
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
    "lost": "/nothing",
    "sign-in": "/sign-in",
}
STATUSES = {"lost": 404, "letters-mistake": 400}
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Living]:
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


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_page_opens_clean_and_is_pictured(
    chromium: Chromium, day: Living, theme: str
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    statuses = {}

    async with browsing(chromium, url_of(day), theme=theme) as browser:
        for name, path in (await paths_of(day)).items():
            statuses[name] = await browser.open(path)
            picture = PICTURES / f"{name}-{theme}.png"
            await browser.page.screenshot(path=picture, full_page=True)

    assert statuses == {name: STATUSES.get(name, 200) for name in PAGES}
    assert browser.wrongs == []


async def test_on_a_phone_no_page_is_wider_than_the_screen(chromium: Chromium, day: Living) -> None:
    wide = []

    async with browsing(chromium, url_of(day), width=390, height=844) as browser:
        for name, path in (await paths_of(day)).items():
            await browser.open(path)
            wide += [name] if await browser.page.evaluate(WIDER) else []
            if name in ("overview", "letter", "groups"):
                await browser.page.screenshot(path=PICTURES / f"{name}-phone.png")

    assert wide == []
    assert browser.wrongs == []


async def test_a_token_signs_in_and_a_wrong_one_is_refused(chromium: Chromium, day: Living) -> None:
    book = day.process.running.tokens
    assert book is not None
    _, token = await book.create("admin", Role.ADMIN, None, "local")

    async with browsing(chromium, url_of(day)) as browser:
        page = browser.page
        await browser.open("/audit")
        await page.fill("#token", "hr_wrong")
        await page.keyboard.press("Enter")
        refused = await page.inner_text("[role=alert]")
        await page.screenshot(path=PICTURES / "sign-in-refused-light.png")
        await page.fill("#token", token)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/audit")
        told = await browser.text()
        await page.click("text=Sign out")
        await page.wait_for_url("**/sign-in")

    assert "does not count" in refused
    assert "sign-in.console" in told
    assert browser.wrongs == []


async def test_keys_lead_to_the_content_and_to_the_query(chromium: Chromium, day: Living) -> None:
    async with browsing(chromium, url_of(day)) as browser:
        page = browser.page
        await browser.open("/dead-letters")
        await page.keyboard.press("Tab")
        first = await page.evaluate("document.activeElement.textContent")
        await page.keyboard.press("Enter")
        skipped_to = await page.evaluate("document.activeElement.id")
        await page.keyboard.press("/")
        await page.keyboard.type("attempts > 7")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/dead-letters/list?where=*")
        told = await browser.text()

    assert (first, skipped_to) == ("Skip to the content", "main")
    assert "No dead letter matches" in told
    assert browser.wrongs == []


async def test_a_chosen_theme_stays(chromium: Chromium, day: Living) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"

    async with browsing(chromium, url_of(day)) as browser:
        await browser.open("/events")
        light = await browser.page.evaluate(colour)
        await browser.page.click("button[value=dark]")
        await browser.open("/audit")
        dark = await browser.page.evaluate(colour)

    assert (light, dark) == ("rgb(246, 247, 248)", "rgb(18, 23, 27)")
    assert browser.wrongs == []


async def test_numbers_go_on_by_themselves_and_leave_the_focus_alone(
    chromium: Chromium, day: Living
) -> None:
    async with browsing(chromium, url_of(day)) as browser:
        await browser.open("/triggers/default/nightly-report")
        await browser.page.fill("input[name=to]", "latest")
        await day.process.running.brokers["default/default"].partition.steering.resume(
            "default/nightly-report", "test", ""
        )
        await browser.page.wait_for_selector("h1 + div dd:text-is('30'), #live dd:text-is('30')")
        written = await browser.page.input_value("input[name=to]")

    assert written == "latest"
    assert browser.wrongs == []


async def test_what_is_found_in_a_payload_is_marked(chromium: Chromium, day: Living) -> None:
    (letter, *_) = await dead_ids(day)

    async with browsing(chromium, url_of(day)) as browser:
        await browser.open(f"/dead-letters/{letter}")
        await browser.page.fill("[aria-label='Find in Data']", "PETALS")
        marked = await browser.page.inner_text("mark")
        told = await browser.page.inner_text(".payload:has(mark) .found")

    assert (marked, told) == ("petals", "1 found")
    assert browser.wrongs == []


async def test_a_seek_that_skips_takes_the_number_of_what_it_skips(
    chromium: Chromium, day: Living
) -> None:
    place = "/triggers/default/nightly-report"

    async with browsing(chromium, url_of(day)) as browser:
        page = browser.page
        await browser.open(place)
        await page.fill("input[name=to]", "latest")
        await page.click("text=Seek …")
        asked = await page.inner_text("main")
        (typed,) = re.findall(r"Type the number, (\d+), to confirm", asked)
        await page.screenshot(path=PICTURES / "seek-light.png")
        await page.fill("input[name=typed]", typed)
        await page.click("button.danger")
        await page.wait_for_url(f"**{place}?done=seek*")
        said = await page.inner_text("[role=status]")

    assert "skipped: what of them matches counts as discarded" in asked
    assert said.startswith("The trigger goes on there")
    assert browser.wrongs == []


async def test_one_is_edited_with_what_changes_shown_first(chromium: Chromium, day: Living) -> None:
    (letter, *_) = await dead_ids(day)

    async with browsing(chromium, url_of(day)) as browser:
        page = browser.page
        await browser.open(f"/dead-letters/{letter}")
        await page.click("text=Edit and redrive")
        text = await page.input_value("#document")
        await page.fill("#document", text.replace("null", "4"))
        await page.fill("input[name=reason]", "petals were missing")
        await page.click("text=Show what changes")
        shown = await page.inner_text("main")
        await page.screenshot(path=PICTURES / "edit-shown-light.png", full_page=True)
        day.subscriber.answers.clear()
        await page.click("text=Send the edited event")
        said = await page.inner_text("[role=status]")

    assert "/petals" in shown
    assert said.startswith("The edited event is on its way")
    assert browser.wrongs == []


async def test_one_is_redriven_without_scripts(chromium: Chromium, day: Living) -> None:
    day.subscriber.answers.clear()  # the model is mended
    async with chromium.launched() as started:
        page = await started.new_page(java_script_enabled=False)
        await page.goto(f"{url_of(day)}/dead-letters")
        await page.click("text=an example")
        await page.click("text=Redrive this one")
        said = await page.inner_text("[role=status]")
        await page.goto(f"{url_of(day)}/dead-letters")
        count = await page.inner_text("td.n strong")

    assert said.startswith("1 on the way")
    assert count == str(FLOWERS - 1)
