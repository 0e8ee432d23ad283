"""Every row of the tables of answers, with the bytes that real servers were seen to send."""

from datetime import UTC, datetime

import pytest

from broker.delivery import OutcomeClass
from sinks.inference.classes.judging import Judge
from sinks.inference.classes.no_answer import judge_no_answer
from sinks.inference.classes.servers import BY_SERVER
from sinks.inference.protocol import ModelAnswer, Refusal
from sinks.inference_spec import ClassifyRule

C = OutcomeClass
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
JSON = (("content-type", "application/json"),)
PLAIN = (("content-type", "text/plain; charset=utf-8"),)
AFTER = (("retry-after", "7"),)

ANY_SERVER = (
    (400, b'{"error":"bad feature vector"}', C.BAD_INPUT),
    (413, b"", C.BAD_INPUT),
    (422, b'{"detail":[{"type":"json_invalid","loc":["body",13]}]}', C.BAD_INPUT),
    (418, b"", C.BAD_INPUT),
    (401, b"", C.CONFIG),
    (403, b"", C.CONFIG),
    (405, b'{"detail":"Method Not Allowed"}', C.CONFIG),
    (410, b"", C.CONFIG),
    (415, b"", C.CONFIG),
    (501, b'{"error":"Model versioning not supported yet."}', C.CONFIG),
    (301, b"", C.CONFIG),
    (307, b"", C.CONFIG),
    (404, b'{"detail":"Not Found"}', C.CONFIG),
    (404, b'{"error":"Model with name iris does not exist."}', C.NOT_READY),
    (408, b"", C.TRANSIENT),
    (409, b"", C.TRANSIENT),
    (499, b"", C.TRANSIENT),
    (504, b"", C.TRANSIENT),
    (429, b"Too many requests", C.OVERLOAD),
    (502, b"", C.NOT_READY),
    (503, b"", C.NOT_READY),
    (503, b"pending request queue full", C.OVERLOAD),
    (500, b"", C.SUSPECT),
    (507, b"", C.SUSPECT),
    (599, b"", C.SUSPECT),
)
BY_NAME = (
    ("kserve", 500, b'{"error":"X has 3 features, but LogisticRegression is expecting 4 features'
     b' as input."}', JSON, C.SUSPECT),
    ("kserve", 500, b'{"error":"\'instances\'"}', JSON, C.SUSPECT),
    ("kserve", 400, b'{"error":"Unrecognized request format: unexpected end of data: line 1'
     b' column 19 (char 18)"}', JSON, C.BAD_INPUT),
    ("kserve", 503, b'{"error":"Model with name iris is not ready."}', JSON, C.NOT_READY),
    ("kserve", 503, b'{"detail":"overloaded"}', AFTER, C.OVERLOAD),
    ("mlserver", 500, b"Internal Server Error", PLAIN, C.SUSPECT),
    ("mlserver", 400, b"", (), C.NOT_READY),
    ("mlserver", 400, b'{"error":"Model iris is not ready yet."}', JSON, C.NOT_READY),
    ("mlserver", 400, b'{"error":"backend failed"}', JSON, C.BAD_INPUT),
    ("mlserver", 500, b'{"error":"asyncio.exceptions.CancelledError: "}', JSON, C.NOT_READY),
    ("triton", 500, b'{"error":"failed to parse the request JSON buffer: Missing a name for object'
     b' member. at 13"}', JSON, C.BAD_INPUT),
    ("triton", 500, b'{"error":"Unable to parse \'data\': Shape does not match true shape of'
     b' \'data\' field"}', JSON, C.BAD_INPUT),
    ("triton", 500, b'{"error":"Failed to process the request(s) for model"}', PLAIN, C.SUSPECT),
    ("triton", 400, b'{"error":"Model version not ready"}', PLAIN, C.NOT_READY),
    ("triton", 503, b'{"error":"[request id: 42] Exceeds maximum queue size"}', JSON, C.OVERLOAD),
    ("triton", 503, b'{"error":"Request timeout expired"}', JSON, C.OVERLOAD),
    ("triton", 503, b'{"error":"Server exiting"}', JSON, C.NOT_READY),
    ("triton", 404, b'{"error":"Request for unknown model: \'nope\' is not found"}', PLAIN,
     C.NOT_READY),
    ("tfserving", 503, b"", (), C.OVERLOAD),
    ("torchserve", 503, b"", (), C.OVERLOAD),
    ("torchserve", 507, b"", (), C.OVERLOAD),
    ("openai", 404, b'{"error":{"message":"The model `x` does not exist"}}', JSON, C.CONFIG),
    ("vllm", 404, b'{"message":"The model `x` does not exist.","type":"NotFoundError"}', JSON,
     C.CONFIG),
    ("openai", 429, b'{"error":{"message":"","type":"insufficient_quota"}}', JSON, C.CONFIG),
    ("openai", 429, b'{"error":{"type":"throttling_error"}}', JSON, C.OVERLOAD),
    ("openai", 503, b"", (), C.OVERLOAD),
    ("llama", 500, b'{"error":{"message":"1 validation error for Request"}}', JSON, C.BAD_INPUT),
    ("vllm", 415, b"", (), C.SUSPECT),
    ("openai", 400, b'{"error":{"message":"No connected db.","type":"no_db_connection"}}', JSON,
     C.CONFIG),
    ("openai", 400, b'{"error":{"message":"Invalid model name passed in model=nope"}}', JSON,
     C.CONFIG),
    ("openai", 500, b'{"error":{"message":"OpenAIException - Connection error."}}', JSON,
     C.NOT_READY),
    ("llama", 500, b"Internal Server Error", PLAIN, C.SUSPECT),
    ("ray", 503, b"Request dropped due to backpressure (num_queued_requests=25,"
     b" max_queued_requests=20)", PLAIN, C.OVERLOAD),
    ("bentoml", 429, b"Too many requests", PLAIN, C.OVERLOAD),
)  # fmt: skip


def judged(
    status: int,
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (),
    *,
    server: str = "auto",
    protocol: str = "v1",
    events: int = 1,
    rules: tuple[ClassifyRule, ...] = (),
    **facts: bool,
) -> Refusal:
    answer = ModelAnswer(status, headers, body, **facts)
    return Judge(server, protocol, rules).judge(answer, events, NOW)


@pytest.mark.parametrize("server", ["auto", "generic", "litserve"])
@pytest.mark.parametrize(("status", "body", "expected"), ANY_SERVER)
def test_any_server_is_judged_by_status_and_a_few_texts(
    server: str, status: int, body: bytes, expected: OutcomeClass
) -> None:
    assert judged(status, body, server=server).outcome_class is expected


@pytest.mark.parametrize(("server", "status", "body", "headers", "expected"), BY_NAME)
def test_a_known_server_is_judged_by_its_own_words(
    server: str,
    status: int,
    body: bytes,
    headers: tuple[tuple[str, str], ...],
    expected: OutcomeClass,
) -> None:
    assert judged(status, body, headers, server=server).outcome_class is expected


@pytest.mark.parametrize(
    ("protocol", "row"),
    [("v2", row) for row in BY_NAME if row[0] in ("mlserver", "triton", "kserve") and row[2]]
    + [("openai", row) for row in BY_NAME if row[0] in ("openai", "vllm", "llama")],
)
def test_words_count_even_before_the_server_is_known(
    protocol: str, row: tuple[str, int, bytes, tuple[tuple[str, str], ...], OutcomeClass]
) -> None:
    _, status, body, headers, expected = row

    assert judged(status, body, headers, protocol=protocol).outcome_class is expected


def test_every_server_that_a_configuration_may_name_has_its_rows() -> None:
    named = {"kserve", "mlserver", "triton", "tfserving", "torchserve", "openai", "vllm", "llama"}

    assert set(BY_SERVER) == named | {"ray", "bentoml", "litserve", "generic"}


def test_a_refusal_shows_what_was_said_and_keeps_the_evidence() -> None:
    cookie = (("set-cookie", "secret"), ("retry-after", "7"))

    failed = judged(503, b'{"detail":"overloaded"}', cookie).failed

    assert failed.message == "the model answered 503: overloaded"
    assert (failed.status, failed.retry_after_seconds) == (503, 7.0)
    assert failed.evidence.headers == (("retry-after", "7"),)
    assert failed.evidence.body == b'{"detail":"overloaded"}'


def test_a_date_to_retry_after_counts_from_now() -> None:
    later = (("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT"),)

    assert judged(503, b"", later).failed.retry_after_seconds == 30.0


def test_a_missing_model_is_waited_for_and_a_wrong_configuration_stops_the_trigger() -> None:
    missing = judged(404, b'{"error":"Model nope not found"}')
    refused = judged(403)

    assert (missing.is_missing, missing.failed.pause) == (True, False)
    assert (refused.is_missing, refused.failed.pause) == (False, True)


@pytest.mark.parametrize(
    ("server", "status", "body", "expected"),
    [
        ("triton", 400, b"inference request batch-size must be <= 8 for 'iris'", 8),
        ("generic", 413, b"", 8),
        ("torchserve", 507, b"", 8),
        ("openai", 400, b'{"detail":"prompt must be a string."}', 1),
        ("llama", 500, b'{"error":{"message":"","type":"internal_server_error","param":null}}', 1),
        ("kserve", 500, b"", None),
    ],
)
def test_a_batch_that_is_too_large_teaches_its_limit(
    server: str, status: int, body: bytes, expected: int | None
) -> None:
    assert judged(status, body, server=server, events=16).batch_max == expected


def test_one_event_too_large_for_memory_is_bad_only_if_others_fit() -> None:
    fits = judged(507, server="torchserve", others_succeed=True)
    fits_not = judged(507, server="torchserve", others_succeed=False)

    assert fits.outcome_class is C.OVERLOAD
    assert fits_not.outcome_class is C.BAD_INPUT


def test_a_gateway_gives_up_while_a_model_wakes() -> None:
    assert judged(504, is_waking=True).outcome_class is C.NOT_READY


@pytest.mark.parametrize(
    ("status", "hint", "expected"),
    [
        (500, "true", C.TRANSIENT),
        (409, "false", C.BAD_INPUT),
        (400, "true", C.TRANSIENT),
        (429, "true", C.OVERLOAD),
        (401, "true", C.CONFIG),
    ],
)
def test_the_hint_to_retry_counts_where_an_attempt_is_used(
    status: int, hint: str, expected: OutcomeClass
) -> None:
    found = judged(status, b"", (("x-should-retry", hint),), protocol="openai")

    assert found.outcome_class is expected


def test_the_hint_means_nothing_of_other_protocols() -> None:
    assert judged(500, b"", (("x-should-retry", "true"),)).outcome_class is C.SUSPECT


def test_the_user_s_rules_go_first() -> None:
    rules = (ClassifyRule(C.BAD_INPUT, 500, "expecting 4"), ClassifyRule(C.OVERLOAD, 500))

    shape = judged(500, b"is expecting 4 features", rules=rules)
    other = judged(500, b"boom", rules=rules)

    assert (shape.outcome_class, other.outcome_class) == (C.BAD_INPUT, C.OVERLOAD)


def test_a_rule_makes_a_failure_of_a_success_only_by_its_status() -> None:
    ok = ModelAnswer(200, body=b"busy")

    by_text = Judge("auto", "v1", (ClassifyRule(C.OVERLOAD, None, "busy"),)).has_rule(ok)
    by_status = Judge("auto", "v1", (ClassifyRule(C.OVERLOAD, 200, "busy"),)).has_rule(ok)

    assert (by_text, by_status) == (False, True)


@pytest.mark.parametrize(
    ("phase", "was_sent", "expected"),
    [
        ("dns", False, C.NOT_READY),
        ("connect", False, C.NOT_READY),
        ("tls", False, C.NOT_READY),
        ("timeout", False, C.NOT_READY),
        ("write", True, C.TRANSIENT),
        ("read", True, C.TRANSIENT),
        ("timeout", True, C.TRANSIENT),
    ],
)
def test_without_an_answer_it_counts_whether_anything_was_sent(
    phase: str, was_sent: bool, expected: OutcomeClass
) -> None:
    found = judge_no_answer(phase, was_sent=was_sent, message="no answer")

    assert found.outcome_class is expected
    assert found.failed.evidence.phase == phase


def test_a_certificate_that_does_not_hold_stops_the_trigger() -> None:
    found = judge_no_answer("tls", was_sent=False, message="the certificate: has expired")

    assert (found.outcome_class, found.failed.pause) == (C.CONFIG, True)


def test_what_may_never_be_sent_again_is_dead_once_it_was_sent() -> None:
    sent = judge_no_answer("read", was_sent=True, is_resent=False)
    unsent = judge_no_answer("connect", was_sent=False, is_resent=False)

    assert sent.failed.reason is not None
    assert unsent.failed.reason is None
