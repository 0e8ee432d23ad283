"""Events written by an enemy: whatever their fields say, the pages show it and do nothing."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from broker.codec import make_event
from broker.event import Event
from broker.http_message import Answer, Request, Respond
from tests.console.browsing import Browsing, browsing
from tests.console.payloads import HOSTILE
from tests.console.scene import CONFIGURATION, dead_ids, url_of
from tests.deploy.living import Living, Subscriber, living

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABS = 4
# What a page begins by itself has begun when it has been painted twice.
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Enemy(Subscriber):
    """A sink that answers with what it was sent, as a page."""

    def receive(self, request: Request, respond: Respond) -> None:
        text = request.body.decode()
        shown = text.encode("ascii", "backslashreplace").replace(b"\n", b" ")[:2_000]
        headers = [(b"content-type", b"text/html"), (b"x-shown", shown)]
        respond(Answer(422, headers, text.encode()))


def hostile_events() -> list[Event]:
    return [
        make_event(
            {
                "specversion": "1.0",
                "id": f"{n} {text}",
                "type": f"flower.{text}",
                "source": f"/enemy?{quote(text)}",
                "subject": text,
                "word": text,
                "datacontenttype": "text/html",
            },
            text.encode(),
        )
        for n, text in enumerate(texts())
    ]


def texts() -> list[str]:
    return [text.replace("\u2028", "").replace("\u2029", "") for text in HOSTILE]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def attacked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    async with living(tmp_path_factory.mktemp("attacked"), CONFIGURATION, Enemy()) as one:
        await one.publish(*hostile_events())
        await one.rest("default/classify")
        yield one


async def open_all(visitor: Browsing, paths: list[str]) -> set[int]:
    """The statuses of these pages, opened in a few tabs at once, each until it was painted."""
    statuses, left = set(), iter(paths)

    async def open_some(page: Page) -> None:
        for path in left:
            statuses.add(await visitor.open(path, page))
            await page.evaluate(PAINTED)

    more = [await visitor.context.new_page() for _ in range(TABS - 1)]
    await asyncio.gather(*(open_some(page) for page in (visitor.page, *more)))
    return statuses


async def test_an_unguarded_page_is_noticed(browser: Browser, attacked: Living) -> None:
    page = "".join(f"<p>{text}</p>" for text in texts()[18:20]) + texts()[0] + texts()[20]

    async with browsing(browser, url_of(attacked)) as visitor:
        await visitor.context.route(
            "**/unguarded", lambda route: route.fulfill(body=page, content_type="text/html")
        )
        await open_all(visitor, ["/unguarded"])

    kinds = {wrong.partition(" ")[0] for wrong in visitor.wrongs}
    assert {"dialog", "request"} <= kinds


async def test_no_dead_letter_does_anything_but_be_shown(
    browser: Browser, attacked: Living
) -> None:
    ids = await dead_ids(attacked)

    async with browsing(browser, url_of(attacked)) as visitor:
        lists = ["/dead-letters", "/dead-letters/list", "/triggers/default/classify", "/"]
        statuses = await open_all(visitor, lists + [f"/dead-letters/{one}" for one in ids])
        await visitor.open(f"/dead-letters/{ids[-1]}")  # any tab may have had it
        told = await visitor.text()

    assert len(ids) == len(HOSTILE)
    assert statuses == {200}
    assert "alert(1)" in told  # the oldest is the first of them, and it is text
    assert visitor.wrongs == []


async def test_no_event_does_anything_but_be_shown(browser: Browser, attacked: Living) -> None:
    paths = [f"/events/at?broker=default/default&offset={n + 1}" for n in range(len(HOSTILE))]

    async with browsing(browser, url_of(attacked)) as visitor:
        statuses = await open_all(visitor, ["/events", *paths])

    assert statuses == {200}
    assert visitor.wrongs == []


async def test_no_address_puts_anything_into_a_page(browser: Browser, attacked: Living) -> None:
    said = [quote(text[:1_500], safe="") for text in texts()]
    paths = [f"/dead-letters/list?where={one}" for one in said]
    paths += [f"/events?filter={one}&broker=default/default" for one in said]
    paths += [f"/{one}" for one in said]
    paths += [f"/audit?done={one}&cursor={one}" for one in said[::4]]  # words that are not shown
    paths += [f"/sign-in?next={one}" for one in said[1::4]]
    paths += [f"/dead-letters?state={one}&trigger={one}&done={one}" for one in said[2::2]]

    async with browsing(browser, url_of(attacked)) as visitor:
        statuses = await open_all(visitor, paths)

    assert statuses <= {200, 400, 404}
    assert visitor.wrongs == []


async def test_no_reason_does_anything_but_be_shown(browser: Browser, attacked: Living) -> None:
    steering = attacked.process.running.brokers["default/default"].partition.steering
    for text in texts():
        await steering.resume("default/invoices", "enemy", text[-500:])
        await steering.pause("default/invoices", "enemy", text[-500:])

    async with browsing(browser, url_of(attacked)) as visitor:
        statuses = await open_all(visitor, ["/audit", "/triggers/default/invoices"])
        await visitor.open("/audit")
        await visitor.page.click("text=Older")
        told = await visitor.text()

    assert statuses == {200}
    assert "alert(1)" in told
    assert visitor.wrongs == []


async def test_what_is_downloaded_is_saved_and_never_opened(
    browser: Browser, attacked: Living
) -> None:
    (letter, *_) = await dead_ids(attacked)
    kept = await attacked.process.running.brokers["default/default"].engine.desk.get(letter)
    assert kept is not None
    data = (kept.event.data or b"").decode()

    async with browsing(browser, url_of(attacked)) as visitor:
        await visitor.open(f"/dead-letters/{letter}")
        async with visitor.page.expect_download() as downloading:
            await visitor.page.click("text=Download")
        saved = (await (await downloading.value).path()).read_text()

    assert saved == data
    assert visitor.wrongs == []
