"""From request to events and from result to answer, without a socket; and the handshake."""

import orjson
import pytest

from broker.codec import Limits
from broker.errors import (
    Draining,
    DuplicateDiffers,
    HeadraceError,
    InvalidBatch,
    InvalidEvent,
    Overloaded,
    StoreFailed,
    StoreFull,
    TooLarge,
)
from broker.http_message import Answer, Request
from broker.ingress import Ingress, answer_for, read_request
from broker.intake_options import IntakeOptions
from broker.problem import problem_of
from broker.waiting import ACCEPTED, DUPLICATE
from tests.broker.door import open_door

BINARY = [
    (b"ce-specversion", b"1.0"),
    (b"ce-id", b"1"),
    (b"ce-source", b"/s"),
    (b"ce-type", b"t"),
]
STRUCTURED = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1}}'


def request(*headers: tuple[bytes, bytes], body: bytes = b"", target: bytes = b"/n/b") -> Request:
    made = Request(b"POST", target, list(headers), 1)
    made.content_type = made.header(b"content-type")
    made.content_encoding = made.header(b"content-encoding")
    made.body = body
    return made


async def ingress(options: IntakeOptions | None = None, names_brokers: bool = False) -> Ingress:
    return Ingress({"n/b": (await open_door(options)).intake}, names_brokers)


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (InvalidEvent("no"), 400, None),
        (InvalidBatch("no", [(0, InvalidEvent("no"))]), 400, None),
        (InvalidBatch("no", [(0, DuplicateDiffers("no"))]), 409, None),
        (InvalidBatch("no", [(0, DuplicateDiffers("no")), (1, InvalidEvent("no"))]), 400, None),
        (DuplicateDiffers("no"), 409, None),
        (TooLarge("no"), 413, None),
        (TooLarge("no", code="too-many-extensions"), 431, None),
        (InvalidEvent("no", code="unsupported-format"), 415, None),
        (Overloaded("no", retry_after_seconds=2.1), 503, b"3"),
        (Overloaded("no", code="rate-limited", retry_after_seconds=0.1), 429, b"1"),
        (Draining("no"), 503, b"1"),
        (StoreFailed("no", unknown=True), 503, b"1"),
        (StoreFull("no"), 507, b"1"),
    ],
)
def test_each_error_has_its_status(
    error: HeadraceError, status: int, retry_after: bytes | None
) -> None:
    answer = answer_for(error)

    assert (answer.status, dict(answer.headers).get(b"retry-after")) == (status, retry_after)
    assert orjson.loads(answer.body)["code"] == error.code


def test_a_problem_says_what_is_wrong_where_and_the_remedy() -> None:
    error = InvalidEvent("it is empty", code="empty-attribute", where="id", remedy="fill it")

    answer = problem_of(error)

    assert dict(answer.headers)[b"content-type"] == b"application/problem+json"
    assert orjson.loads(answer.body) == {
        "type": "https://headrace.dev/problems/empty-attribute",
        "title": "Bad Request",
        "status": 400,
        "code": "empty-attribute",
        "detail": "it is empty",
        "where": "id",
        "remedy": "fill it",
    }


def test_a_batch_problem_lists_each_bad_entry_by_index() -> None:
    entries = [(3, InvalidEvent("no", where="id")), (7, InvalidEvent("nor this"))]

    told = orjson.loads(problem_of(InvalidBatch("2 of 9 events", entries)).body)

    assert [entry["index"] for entry in told["entries"]] == [3, 7]
    assert told["entries"][0]["where"] == "id"


@pytest.mark.parametrize("text", ["\ud800", "x" * 100_000, "\x00\x1b[31m"])
def test_a_problem_can_quote_whatever_was_sent(text: str) -> None:
    answer = problem_of(InvalidEvent(text, where=text, remedy=text))

    assert len(answer.body) < 10_000
    assert orjson.loads(answer.body)["status"] == 400


def test_what_was_stored_is_202_and_what_was_before_is_marked() -> None:
    first, repeat = answer_for(ACCEPTED), answer_for(DUPLICATE)

    assert (first.status, first.headers, first.body) == (202, (), b"")
    assert (repeat.status, repeat.headers) == (202, ((b"headrace-duplicate", b"true"),))


def test_a_request_is_read_in_each_mode() -> None:
    binary = read_request("binary", request(*BINARY, body=b""), Limits())
    structured = read_request("structured", request(body=STRUCTURED), Limits())
    batch = read_request("batch", request(body=b"[%b]" % STRUCTURED), Limits())

    assert binary[0].data is None
    assert structured[0].data == batch[0].data == b'{"a":1}'


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([(b"content-type", b"application/cloudevents+avro")], 415, "unsupported-format"),
        ([(b"content-encoding", b"gzip")], 415, "unsupported-content-encoding"),
    ],
)
async def test_what_cannot_be_read_is_refused_from_the_head(
    headers: list[tuple[bytes, bytes]], status: int, code: str
) -> None:
    judged = (await ingress()).head(request(*headers))

    assert isinstance(judged, Answer)
    assert (judged.status, orjson.loads(judged.body)["code"]) == (status, code)


@pytest.mark.parametrize(
    ("content_type", "bytes_max"),
    [
        (b"text/plain", 1000),
        (b"application/cloudevents+json", 1000),
        (b"application/cloudevents-batch+json", 5000),
    ],
)
async def test_each_mode_has_its_longest_body(content_type: bytes, bytes_max: int) -> None:
    options = IntakeOptions(limits=Limits(event_bytes=1000, batch_bytes=5000))
    judged = (await ingress(options)).head(request((b"content-type", content_type)))

    assert not isinstance(judged, Answer)
    assert judged.body_bytes_max == bytes_max


@pytest.mark.parametrize("target", [b"/", b"/n", b"/n/", b"/n/b/", b"/n/other", b"n/b", b"//n/b"])
async def test_an_unknown_path_is_404_and_names_brokers_only_where_they_may_be_known(
    target: bytes,
) -> None:
    silent = (await ingress()).head(request(target=target))
    open_handed = (await ingress(names_brokers=True)).head(request(target=target))

    assert isinstance(silent, Answer)
    assert isinstance(open_handed, Answer)
    assert silent.status == open_handed.status == 404
    assert b"n/b" not in silent.body
    assert b"n/b" in open_handed.body


async def test_a_query_does_not_hide_the_broker() -> None:
    assert not isinstance((await ingress()).head(request(target=b"/n/b?x=y")), Answer)


async def test_brokers_may_be_exchanged() -> None:
    serving = await ingress()

    serving.serve({"n/new": (await open_door()).intake})

    assert isinstance(serving.head(request()), Answer)
    assert not isinstance(serving.head(request(target=b"/n/new")), Answer)


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"PUT", b"DELETE", b"PATCH", b"CONNECT"])
async def test_other_methods_are_told_which_there_are(method: bytes) -> None:
    asked = request()
    asked.method = method

    answer = (await ingress()).head(asked)

    assert isinstance(answer, Answer)
    assert (answer.status, dict(answer.headers)[b"allow"]) == (405, b"POST, OPTIONS")


@pytest.mark.parametrize(("rate", "told"), [(None, b"*"), (2.0, b"120"), (0.001, b"1")])
async def test_the_handshake_allows_every_origin_at_the_brokers_rate(
    rate: float | None, told: bytes
) -> None:
    asked = request((b"webhook-request-origin", b"them.example"), (b"webhook-request-rate", b"9"))
    asked.method = b"OPTIONS"

    answer = (await ingress(IntakeOptions(publish_rate_per_second=rate))).head(asked)

    assert isinstance(answer, Answer)
    assert answer.status == 200
    assert dict(answer.headers) == {
        b"allow": b"POST, OPTIONS",
        b"webhook-allowed-origin": b"*",
        b"webhook-allowed-rate": told,
    }


@pytest.mark.parametrize("target", [b"/n/b", b"*"])
async def test_options_without_an_origin_only_says_what_is_allowed(target: bytes) -> None:
    asked = request(target=target)
    asked.method = b"OPTIONS"

    answer = (await ingress()).head(asked)

    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers) == (200, ((b"allow", b"POST, OPTIONS"),))
