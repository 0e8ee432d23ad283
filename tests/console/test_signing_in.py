"""Signing in with a form: who comes in, who does not, and what a cookie may then."""

import pytest
from fastapi import Request, Response

from deploy.access.roles import Role
from deploy.console.door import own_place
from deploy.console.signing import set_cookie
from tests.console.conftest import COOKIE, FORM, PAGE, Reader
from tests.deploy.asking import Asking

NEW = {"name": "ci", "role": "viewer"}


async def test_a_browser_without_a_session_is_led_to_the_sign_in(operator: Reader) -> None:
    stranger = Reader(operator.asking)

    told = await stranger.get("/dead-letters?trigger=default%2Fx")

    assert told.status == 303
    assert told.headers["location"] == "/sign-in?next=%2Fdead-letters%3Ftrigger%3Ddefault%252Fx"


async def test_a_token_in_the_form_begins_a_session(admin: Asking) -> None:
    token = await admin.token("admin", Role.ADMIN)
    reader = Reader(admin)

    told = await reader.sign_in(token)

    assert (told.status, told.headers["location"]) == (303, "/")
    attributes = told.headers["set-cookie"].lower()
    assert attributes.startswith(COOKIE)
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert token not in attributes
    assert (await reader.get("/")).status == 200


@pytest.mark.parametrize(("scheme", "is_secure"), [("https", True), ("http", False)])
def test_over_tls_the_cookie_is_for_tls_only(scheme: str, is_secure: bool) -> None:
    scope = {"type": "http", "scheme": scheme, "server": ("x", 1), "path": "/", "headers": []}
    answer = Response()

    set_cookie(Request(scope), answer, "name", "value", 60)

    assert ("secure" in answer.headers["set-cookie"].lower()) == is_secure


@pytest.mark.parametrize("token", ["", "hr_0", "hr_000000000000_" + "A" * 43, "Bearer x", "\x00"])
async def test_a_wrong_token_is_refused_and_told(operator: Reader, token: str) -> None:
    stranger = Reader(operator.asking)

    told = await stranger.sign_in(token)

    assert told.status == 401
    assert "does not count" in told.body.decode()
    assert stranger.cookie == ""


async def test_after_ten_failures_an_address_has_to_wait(operator: Reader) -> None:
    stranger = Reader(operator.asking)

    statuses = [(await stranger.sign_in("hr_x")).status for _ in range(11)]

    assert statuses == [401] * 10 + [429]


async def test_signing_in_and_out_is_audited(operator: Reader) -> None:
    await operator.post("/sign-out")

    acts = [act for _, act in await operator.asking.book.audit(10)]
    mine = [(act.by, act.verb) for act in acts if act.by == "ann"]
    assert mine == [("ann", "sign-out.console"), ("ann", "sign-in.console"), ("ann", "sign-in")]


async def test_a_cookie_counts_no_more_once_it_has_signed_out(operator: Reader) -> None:
    cookie = operator.cookie

    await operator.post("/sign-out")

    again = Reader(operator.asking, cookie)
    assert (await again.get("/")).status == 303


async def test_a_second_sign_in_ends_the_first_session(operator: Reader) -> None:
    first = operator.cookie

    await operator.sign_in(await operator.asking.token("bob", Role.VIEWER))

    assert (await Reader(operator.asking, first).get("/")).status == 303
    assert (await operator.get("/")).status == 200


async def test_a_form_without_its_proof_changes_nothing(operator: Reader) -> None:
    statuses = [(await operator.post("/sign-out", csrf)).status for csrf in ("", "x", "é")]

    assert statuses == [403, 403, 403]
    assert (await operator.get("/")).status == 200


async def test_where_everybody_is_local_a_form_needs_its_proof_too(local: Reader) -> None:
    without = await local.post("/theme", "wrong", theme="dark")
    proven = await local.post("/theme", theme="dark")

    assert (without.status, proven.status) == (403, 303)


async def test_a_form_without_an_origin_is_no_form(local: Reader) -> None:
    headers = {name: value for name, value in FORM.items() if name != "origin"}
    body = f"csrf={local.csrf}&theme=dark".encode()

    told = await local.asking.ask("POST", "/theme", body, headers)

    assert told.status == 415


async def test_a_cookie_may_change_something_over_the_api_with_its_proof_only(
    admin: Asking,
) -> None:
    reader = Reader(admin)
    await reader.sign_in(await admin.token("admin", Role.ADMIN))
    headers = {"origin": "http://localhost", "cookie": reader.cookie}

    without = await admin.ask("POST", "/api/v1/tokens", NEW, headers)
    proof = {"headrace-csrf": reader.csrf}
    proven = await admin.ask("POST", "/api/v1/tokens", NEW, headers | proof)

    assert (without.status, without.json["code"]) == (403, "no-proof")
    assert proven.status == 200


async def test_no_form_reaches_the_api(operator: Reader) -> None:
    told = await operator.post("/api/v1/tokens", name="ci", role="admin")

    assert (told.status, told.json["code"]) == (415, "unsupported-format")


async def test_a_link_from_elsewhere_asks_once_more_before_it_asks_to_sign_in(
    operator: Reader,
) -> None:
    stranger = Reader(operator.asking)

    told = await stranger.get('/audit?cursor="><script>', **{"sec-fetch-site": "cross-site"})

    assert told.status == 200
    assert b'http-equiv="refresh"' in told.body
    assert b"<script>" not in told.body


@pytest.mark.parametrize("site", ["cross-site", "same-origin"])
async def test_an_address_that_looks_like_another_place_leads_to_none(
    operator: Reader, site: str
) -> None:
    stranger = Reader(operator.asking)

    told = await stranger.get("//evil.test/x", **{"sec-fetch-site": site})

    assert "evil.test" not in f"{told.headers} {told.body!r}"


async def test_a_part_of_a_page_leads_all_of_it_to_the_sign_in(operator: Reader) -> None:
    told = await Reader(operator.asking).get("/", **{"hx-request": "true"})

    assert (told.status, told.headers["hx-redirect"]) == (401, "/sign-in")


@pytest.mark.parametrize(
    "place",
    ["//evil.test", "https://evil.test", "\\\\evil.test", "/\\evil.test", "x", "/\tx", "/é"],
)
def test_after_the_sign_in_one_stays_here(place: str) -> None:
    assert own_place(place) == "/"


async def test_a_program_is_told_as_ever(operator: Reader) -> None:
    asked = await operator.asking.ask("GET", "/")
    page = await Reader(operator.asking).get("/api/v1/brokers")

    assert (asked.status, asked.json["code"]) == (401, "unauthorized")
    assert (page.status, page.json["code"]) == (401, "unauthorized")


async def test_a_foreign_host_is_misdirected_on_pages_too(local: Reader) -> None:
    told = await local.asking.ask("GET", "/", headers=PAGE | {"host": "evil.test"})

    assert told.status == 421
