from datetime import UTC, datetime

import pytest

from broker.codec import Limits
from broker.delivery import Delivered, Failed, Outcome, OutcomeClass, Reason
from sinks.http_call import Answer, NoAnswer
from sinks.http_outcome import EVIDENCE_BYTES_MAX, Answers

NOW = datetime(2026, 5, 4, tzinfo=UTC)
ANSWERS = Answers(Limits(event_bytes=2_000))
EVENT = [(b"ce-specversion", b"1.0"), (b"ce-id", b"r"), (b"ce-source", b"/r"), (b"ce-type", b"t")]
STRUCTURED = [(b"Content-Type", b"application/cloudevents+json; charset=utf-8")]


def outcome(
    status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"", cut: bool = False
) -> Outcome:
    return ANSWERS.outcome(Answer(status, headers, body, cut), NOW)


@pytest.mark.parametrize("status", [200, 201])
def test_a_valid_event_is_the_reply(status: int) -> None:
    binary = outcome(status, EVENT, b"x")
    structured = outcome(
        status, STRUCTURED, b'{"specversion":"1.0","id":"r","source":"/r","type":"t"}'
    )

    assert isinstance(binary, Delivered)
    assert isinstance(structured, Delivered)
    assert binary.reply is not None
    assert structured.reply is not None
    assert binary.reply.id == structured.reply.id == "r"


@pytest.mark.parametrize("status", [202, 203, 204, 299])
def test_only_200_and_201_carry_replies(status: int) -> None:
    found = outcome(status, EVENT, b"x")

    assert isinstance(found, Delivered)
    assert found.reply is None
    assert found.ignored_body


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([], b"fine"),
        ([(b"content-type", b"application/json")], b'{"specversion":"1.0"}'),
        ([(b"ce-specversion", b"0.3"), *EVENT[1:]], b"{}"),
        (STRUCTURED, b'{"specversion":"0.3","id":"r","source":"/r","type":"t"}'),
    ],
)
def test_a_body_that_claims_no_event_of_1_0_is_ignored_and_counted(
    headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    found = outcome(200, headers, body)

    assert isinstance(found, Delivered)
    assert found.reply is None
    assert found.ignored_body


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (EVENT[:1], b""),
        (EVENT[:-1], b"x"),
        ([*EVENT, EVENT[1]], b"x"),
        (STRUCTURED, b"{"),
        (STRUCTURED, b"[]"),
        (STRUCTURED, b'{"specversion":"1.0"}'),
        ([(b"content-type", b"application/cloudevents-batch+json")], b"[]"),
        ([(b"content-type", b"application/cloudevents+avro")], b"x"),
    ],
)
def test_a_claim_that_is_no_event_is_refused_with_the_answer_as_evidence(
    headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    found = outcome(200, headers, body)

    assert isinstance(found, Failed)
    assert (found.outcome_class, found.reason) == (OutcomeClass.BAD_INPUT, Reason.REPLY_REFUSED)
    assert found.status == 200
    assert found.evidence.body == body


@pytest.mark.parametrize(("body", "cut"), [(b"x" * 2_000, True), (b"x" * 2_001, False)])
def test_a_reply_over_the_limit_is_too_large(body: bytes, cut: bool) -> None:
    found = outcome(200, EVENT, body, cut)

    assert isinstance(found, Failed)
    assert found.reason is Reason.TOO_LARGE
    assert len(found.evidence.body) <= EVIDENCE_BYTES_MAX


def test_410_pauses_the_trigger() -> None:
    found = outcome(410, [])

    assert isinstance(found, Failed)
    assert (found.outcome_class, found.reason) == (OutcomeClass.CONFIG, Reason.REFUSED)
    assert found.pause


def test_a_sink_may_ask_for_no_more_of_an_event_or_of_all() -> None:
    abort = outcome(503, [(b"Webhook-Delivery", b"abort-message"), (b"retry-after", b"5")])
    disable = outcome(503, [(b"webhook-delivery", b"disable")])

    assert isinstance(abort, Failed)
    assert isinstance(disable, Failed)
    assert (abort.outcome_class, abort.reason, abort.pause) == (
        OutcomeClass.BAD_INPUT,
        Reason.REFUSED,
        False,
    )
    assert disable.pause


def test_retry_after_is_read_where_it_makes_sense() -> None:
    wishes = [outcome(503, [(b"Retry-After", value)]) for value in (b"7", b"-1", b"x")]

    assert [getattr(wish, "retry_after_seconds", 0) for wish in wishes] == [7.0, None, None]


def test_the_evidence_holds_no_credential_and_no_hop_by_hop_header() -> None:
    headers = [(b"Set-Cookie", b"s"), (b"WWW-Authenticate", b"s"), (b"Connection", b"s")]

    found = outcome(500, [*headers, (b"X-Reason", b"why")], b"y" * 9_999)

    assert isinstance(found, Failed)
    assert found.evidence.headers == (("x-reason", "why"),)
    assert len(found.evidence.body) == EVIDENCE_BYTES_MAX


def test_no_answer_is_transient_and_names_its_phase() -> None:
    found = ANSWERS.outcome(NoAnswer("dns", "no such host"), NOW)

    assert isinstance(found, Failed)
    assert (found.outcome_class, found.status) == (OutcomeClass.TRANSIENT, None)
    assert found.evidence.phase == "dns"


def test_only_a_claim_is_worth_a_long_body() -> None:
    limits = [ANSWERS.body_limit(200, EVENT), ANSWERS.body_limit(202, EVENT)]

    assert limits == [2_000, EVIDENCE_BYTES_MAX]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "no field petals"}', "no field petals"),
        (b'{"type": "about:blank", "title": "Wrong", "detail": "no petals"}', "no petals"),
        (b'{"error": {"message": "no model iris", "code": 404}}', "no model iris"),
        (b'{"detail":[{"loc":["body","x",0],"msg":"is missing"}]}', "body.x.0: is missing"),
        (b'{"error": ""}', '{"error": ""}'),
        (b'{"code": 7}', '{"code": 7}'),
        (b'{"error": "cut o', '{"error": "cut o'),
        (b'["error"]', '["error"]'),
        (b'{"error": "a\\nb \\u0000"}', "a b ?"),
    ],
)
def test_of_a_json_answer_its_own_words_tell_failures_apart(body: bytes, words: str) -> None:
    found = outcome(422, [], body)

    assert isinstance(found, Failed)
    assert found.message == f"the sink answered 422: {words}"
    assert found.evidence.body == body
