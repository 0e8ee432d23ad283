"""What senders hear, and what is stored."""

from dataclasses import replace

import orjson
import pytest

from broker.codec import Limits
from broker.errors import Overloaded, StoreFull
from broker.http_message import Answer
from broker.intake_options import IntakeOptions
from sources.refused import REFUSED_TYPE
from sources.webhook.options import EventTemplate, Verification, WebhookOptions
from sources.webhook.source import WebhookSource
from tests.sources.webhook.conftest import Begin, Hook
from tests.sources.webhook.sending import (
    HOOK,
    KEY,
    SIGNED,
    UNSIGNED,
    github,
    request,
    standard,
)

JSON = {"content-type": "application/json"}
NAMED = replace(UNSIGNED, template=replace(HOOK, id="{{/id}}"))


def code_of(answer: Answer) -> str:
    return str(orjson.loads(answer.body)["code"])


async def test_a_post_is_answered_once_its_event_is_stored(begin: Begin) -> None:
    hook = await begin()

    answer = await hook.ask(request({**JSON, "webhook-id": "a"}, b"[1]"))

    (stored,) = await hook.inside.stored()
    assert (answer.status, answer.body) == (202, b"")
    assert (stored.event.id, stored.event.data) == ("a", b"[1]")


async def test_a_repeat_is_stored_once_and_says_so(begin: Begin) -> None:
    hook = await begin()

    answers = [await hook.ask(request(JSON, b"{}")) for _ in range(2)]

    assert [answer.headers for answer in answers] == [(), ((b"headrace-duplicate", b"true"),)]
    assert len(await hook.inside.stored()) == 1


async def test_the_first_body_of_an_id_counts_and_an_event_tells_of_another(begin: Begin) -> None:
    hook = await begin(NAMED)
    bodies = [b'{"id": "a", "try": 1}', b'{"id": "a", "try": 2}', b'{"id": "a", "try": 3}']

    answers = [await hook.ask(request(JSON, body)) for body in bodies]

    first, told = [one.event for one in await hook.inside.stored()]
    assert [answer.status for answer in answers] == [202, 202, 202]
    assert answers[2].headers == ((b"headrace-duplicate", b"true"),)
    assert (first.data, told.type) == (bodies[0], REFUSED_TYPE)


async def test_while_it_does_not_run_senders_are_asked_to_come_again(begin: Begin) -> None:
    hook = await begin()
    plan = hook.source.head(request({}))
    await hook.inside.stop()

    late = await hook.ask(request({}))
    heard: list[Answer] = []
    hook.source.receive(request({}), heard.append)

    assert not isinstance(plan, Answer)
    assert [answer.status for answer in (late, *heard)] == [503, 503]
    assert b"retry-after" in dict(late.headers)


@pytest.mark.parametrize(
    ("error", "status"), [(Overloaded("full"), 503), (StoreFull("full"), 507),
                          (Overloaded("fast", code="rate-limited"), 429)]
)  # fmt: skip
async def test_what_the_broker_cannot_take_now_is_told_with_a_time(
    begin: Begin, error: Overloaded, status: int
) -> None:
    hook = await begin()
    hook.inside.refusal = error

    answer = await hook.ask(request({}, b"a"))

    assert answer.status == status
    assert b"retry-after" in dict(answer.headers)


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"DELETE", b"HEAD", b"PATCH"])
async def test_only_posts_send(begin: Begin, method: bytes) -> None:
    answer = await (await begin()).ask(request({}, method=method))

    assert answer.status == 405
    assert (b"allow", b"POST, OPTIONS") in answer.headers


async def test_options_consents_to_a_sender_that_asks(begin: Begin) -> None:
    hook = await begin(SIGNED)

    asked = await hook.ask(request({"WebHook-Request-Origin": "shop.example"}, method=b"OPTIONS"))
    bare = await hook.ask(request({}, method=b"OPTIONS"))

    assert (asked.status, bare.status) == (200, 200)
    assert (b"webhook-allowed-origin", b"*") in asked.headers
    assert b"webhook-allowed-origin" not in dict(bare.headers)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-encoding": "gzip"}, "unsupported-content-encoding"),
        ({"content-type": "application/cloudevents+json"}, "unsupported-format"),
        ({"content-type": "Application/CloudEvents-batch+json"}, "unsupported-format"),
    ],
)
async def test_what_cannot_be_data_is_refused_from_its_head(
    begin: Begin, headers: dict[str, str], code: str
) -> None:
    answer = await (await begin()).ask(request(headers, b"{}"))

    assert (answer.status, code_of(answer)) == (415, code)


async def test_an_event_in_binary_mode_is_taken_as_any_other_bytes(begin: Begin) -> None:
    hook = await begin()
    headers = {"ce-specversion": "1.0", "ce-id": "a", "ce-type": "b", "ce-source": "/c"}

    await hook.ask(request({**JSON, **headers}, b"{}"))

    (stored,) = await hook.inside.stored()
    assert (stored.event.type, stored.event.source) == ("com.example.hook", "/hooks")


async def test_a_signed_request_is_taken_and_a_forged_one_is_not(begin: Begin) -> None:
    hook = await begin(SIGNED)
    signed = standard(b"{}", hook.inside.clock.now())

    taken = await hook.ask(request(signed, b"{}"))
    forged = await hook.ask(request(signed, b"[]"))

    assert (taken.status, forged.status, code_of(forged)) == (202, 401, "bad-signature")
    assert len(await hook.inside.stored()) == 1


async def test_a_body_is_looked_into_only_once_its_sender_is_known(begin: Begin) -> None:
    verification = Verification("github", ("shared",))
    hook = await begin(replace(NAMED, verification=verification))
    broken = b"[" * 10_000

    forged = await hook.ask(request({**JSON, **github(broken, "other")}, broken))
    signed = await hook.ask(request({**JSON, **github(broken)}, broken))

    assert (forged.status, signed.status) == (401, 400)


async def test_refusals_are_counted_and_told_once_without_what_was_sent(begin: Begin) -> None:
    hook = await begin(SIGNED)
    signed = standard(b"{}", hook.inside.clock.now())

    for number in range(20):
        await hook.ask(request(signed, f"hush {number}".encode()))

    (notice,) = hook.inside.notices
    assert hook.inside.standing.position == "0 taken; refused: 20 bad-signature"
    assert "bad-signature" in notice
    assert "hush" not in notice
    assert KEY not in notice


async def test_a_type_of_our_own_is_refused_wherever_it_comes_from(begin: Begin) -> None:
    options = WebhookOptions(EventTemplate("{{header:x-type}}", "/hooks"))
    hook = await begin(options)

    answer = await hook.ask(request({"x-type": "dev.headrace.system.fake"}, b"a"))

    assert (answer.status, code_of(answer)) == (400, "reserved-type")


async def test_a_broker_that_takes_less_than_the_source_says_so(begin: Begin) -> None:
    hook = await begin(intake=IntakeOptions(limits=Limits(event_bytes=10)))

    answers = [await hook.ask(request({}, b"a" * size)) for size in (10, 11)]

    assert [answer.status for answer in answers] == [202, 413]


@pytest.mark.parametrize(("options", "unverified"), [(UNSIGNED, True), (SIGNED, False)])
async def test_a_check_says_where_it_listens_and_whether_anybody_may_send(
    begin: Begin, options: WebhookOptions, unverified: bool
) -> None:
    hook = Hook((await begin()).inside, options)

    found = await hook.source.check()

    assert "/sources/n/s" in found
    assert ("without verifying" in found) == unverified
    assert isinstance(hook.source, WebhookSource)
