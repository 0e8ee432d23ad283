"""Pages without a browser: what they forbid, what they show to whom, and what their forms do."""

import hashlib
import re
from importlib.resources import files

import pytest

from broker.codec import make_event
from broker.event import Event
from deploy.access.roles import Role
from deploy.admin.description import api_routes, role_of_route
from deploy.console.assets import FOR_EVER, assets
from deploy.console.beginning import ROUTERS
from deploy.console.door import is_open
from tests.console.conftest import Reader
from tests.deploy.asking import Asking

PUBLISHED = {  # in htmx.org 4.0.1: dist/htmx.min.js and dist/ext/hx-sse.min.js
    "htmx-4.0.1.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-sse-4.0.1.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
}
ANYBODY = {"/sign-out", "/theme", "/prove"}  # about the reader's own session
PLANS = "/dead-letters/plans"  # an export's is for viewers: see test_export_pages
ROUTES = [
    (method, route)
    for router in ROUTERS
    for route in api_routes(router)
    for method in sorted(route.methods or ())
]
TEMPLATES = sorted(file.name for file in files("deploy.console").joinpath("templates").iterdir())


def event(id: str, data: bytes = b'{"secret": "canary"}') -> Event:
    return make_event({"specversion": "1.0", "id": id, "source": "/s", "type": "t"}, data)


async def store(admin: Asking, *events: Event) -> None:
    import asyncio

    done = asyncio.get_running_loop().create_future()
    admin.running.brokers["default/b"].intake.accept(list(events), done.set_result)
    await done


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing", "/dead-letters/list?where=="])
async def test_a_page_may_load_nothing_from_elsewhere_and_run_nothing_inline(
    local: Reader, path: str
) -> None:
    told = await local.get(path)

    policy = told.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert told.headers["referrer-policy"] == "same-origin"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_trusts_a_value_or_is_inline(name: str) -> None:
    text = files("deploy.console").joinpath("templates", name).read_text("utf-8")

    inline = re.findall(r"\|\s*safe\b|autoescape|<script>|<style|\sstyle=|\son[a-z]+=|hx-on", text)

    assert inline == []


def test_what_is_vendored_is_what_was_published() -> None:
    bodies = {name: assets()[name].body for name in PUBLISHED}

    assert {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()} == PUBLISHED
    licence = files("deploy.console").joinpath("static", "htmx-4.0.1.LICENSE")
    assert "Zero-Clause BSD" in licence.read_text("utf-8")


async def test_what_reads_streams_is_there_before_htmx_begins(local: Reader) -> None:
    told = await local.get("/jobs")

    head = told.body.decode().partition("</head>")[0]
    scripts = re.findall(r"<script src=\"/static/(htmx|hx-sse)[^\"]*\"([^>]*)>", head)
    assert scripts == [("htmx", ""), ("hx-sse", "")], "deferred, htmx would not wait for the other"


async def test_an_asset_is_kept_for_ever_and_found_without_signing_in(operator: Reader) -> None:
    stranger = Reader(operator.asking)

    told = await stranger.get(assets()["console.css"].address)
    lost = await stranger.get("/static/..%2fpages.py")

    assert (told.status, told.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert told.headers["cache-control"] == FOR_EVER["cache-control"]
    assert lost.status == 404


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_every_page_names_its_role_and_what_changes_something_takes_an_operator(
    method: str, route: object
) -> None:
    role, path = role_of_route(route), route.path  # type: ignore[arg-type, attr-defined]

    assert role is not None or is_open(path)
    if method != "GET" and path not in {*ANYBODY, PLANS} and not is_open(path):
        assert role is not None
        assert role >= Role.OPERATOR


async def test_a_path_that_is_none_is_told_as_a_page(local: Reader) -> None:
    told = await local.get("/nothing")

    assert (told.status, told.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "What helps" in told.body.decode()


async def test_a_mistake_in_a_query_is_shown_at_its_column(local: Reader) -> None:
    told = await local.get("/dead-letters/list?where=reason%20%3D%20%3D")

    text = told.body.decode()
    assert told.status == 400
    assert "reason = =\n         ^" in text
    assert 'value="reason = ="' in text


async def test_who_may_not_see_payload_sees_none_on_any_page(admin: Asking) -> None:
    await store(admin, event("a"))
    await admin.token("admin", Role.ADMIN)
    reader = Reader(admin)
    await reader.sign_in(await admin.token("eve", Role.VIEWER_WITHOUT_PAYLOAD))

    shown = await reader.get("/events/at?broker=default/b&offset=1")
    saved = await reader.get("/events/data?broker=default/b&offset=1")

    assert "your role, viewer-without-payload, sees no payload" in shown.body.decode()
    assert b"canary" not in shown.body
    assert saved.status == 403


async def test_data_is_saved_byte_for_byte_and_never_shown(local: Reader) -> None:
    data = b"<script>alert(1)</script>\x00\xff"
    await store(local.asking, event("a", data))

    told = await local.get("/events/data?broker=default/b&offset=1")

    assert told.body == data
    assert told.headers["content-type"] == "application/octet-stream"
    assert told.headers["content-disposition"].startswith("attachment")
    assert told.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_an_event_is_found_by_its_id(local: Reader) -> None:
    await store(local.asking, event("a/b why"))

    told = await local.get("/events?id=a%2Fb%20why")
    lost = await local.get("/events?id=nothing")

    assert told.status == 200
    assert "a/b why" in told.body.decode()
    assert lost.status == 404


async def test_a_verb_that_is_none_is_refused(operator: Reader) -> None:
    paths = ("/triggers/default/t/explode", "/sources/default/s/explode", "/jobs/files/x/explode")

    statuses = {(await operator.post(path)).status for path in paths}

    assert statuses == {404}


async def test_a_seek_is_not_done_without_the_number_typed(operator: Reader) -> None:
    fields = {"to": "7", "skipped": "6", "typed": "7"}

    told = await operator.post("/triggers/default/t/seek", **fields)

    assert told.status == 400
    assert "the number of what is skipped, 6, was not typed" in told.body.decode()


async def test_an_import_is_shown_before_it_is_published(local: Reader) -> None:
    line = '{"event": {"specversion": "1.0", "id": "i", "source": "/s", "type": "t"}}'
    fields = {"lines": f"{line}\r\nno json\r\n"}
    log = local.asking.running.brokers["default/b"].engine.log

    shown = await local.post("/dead-letters/import", **fields)
    before = len(await log.find("i"))
    plan = shown.body.decode().partition('name="plan" value="')[2].partition('"')[0]
    done = await local.post("/dead-letters/import", **fields, plan=plan)

    assert "1 event, " in shown.body.decode()
    assert "the line is no JSON object" in shown.body.decode()
    assert "were published" not in shown.body.decode()
    assert before == 0
    assert len(await log.find("i")) == 1
    assert done.status == 200


async def test_an_import_without_lines_is_refused_in_its_form(local: Reader) -> None:
    told = await local.post("/dead-letters/import", lines="\r\n")

    assert told.status == 400
    assert "from 1 to 500 can be put in here" in told.body.decode()


async def test_what_the_api_refuses_is_told_in_its_words(operator: Reader) -> None:
    told = await operator.post("/triggers/default/none/pause")

    assert told.status == 404
    assert "no trigger default/none" in told.body.decode()


async def test_a_viewer_is_told_why_nothing_can_be_changed(admin: Asking) -> None:
    await admin.token("admin", Role.ADMIN)
    reader = Reader(admin)
    await reader.sign_in(await admin.token("vic", Role.VIEWER))

    told = await reader.post("/triggers/default/t/pause")

    assert told.status == 403
    assert "vic has the role viewer, and this takes operator" in told.body.decode()


async def test_no_address_puts_words_of_its_own_into_a_page(local: Reader) -> None:
    told = await local.get("/dead-letters?done=your+password+is+wrong&count=1e9")
    known = await local.get("/dead-letters?done=discard&count=12")

    assert b"password" not in told.body.replace(b"your+password", b"")
    assert "12 discarded. They can be restored" in known.body.decode()


async def test_empty_pages_say_what_to_do_next(local: Reader) -> None:
    texts = [
        (await local.get(path)).body.decode()
        for path in ("/", "/dead-letters", "/dead-letters/list", "/events")
    ]

    for text in texts:
        assert 'class="empty"' in text
    assert "headrace send" in texts[3]
