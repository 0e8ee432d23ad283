"""The client commands, against a real HTTP server that answers as the admin listener does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml as pyyaml

Headrace = Callable[..., Any]

BROKER = {
    "name": "default/default", "state": "open", "events": 1_234_567, "log_bytes": 123_456_789_012,
    "backlog": 12, "oldest_stored_at": "2026-01-01T00:00:00Z", "accepted": 123_456_789,
    "duplicates": 12, "refused": 3, "dead_letters": 40_000,
}  # fmt: skip
TRIGGER = {
    "name": "default/a-trigger-with-quite-a-long-name", "broker": "default/default",
    "state": "following", "backlog": 12_345, "oldest_stored_at": "2026-01-01T00:00:00Z",
    "rates": {"in_10s": 4_980.25, "out_10s": 0.5, "in_60s": 4_210, "out_60s": None},
    "in_flight": 3, "parked": 4, "waiting": 0, "dead": 2, "delivered": 1_234_567,
    "matched": 1_234_599, "sink": "https://orders.example.com:8443/v1/incoming/events",
    "sink_state": "READY", "last_error": "503 Service Unavailable: \x1b[31mred[/red]",
}  # fmt: skip
EVENT = {
    "offset": 7, "stored_at": "2026-01-01T00:00:00.123Z", "broker": "default/default",
    "id": "7f3c9a2e-1111-4222-8333-123456789abc", "type": "com.example.flower.measured",
    "source": "/greenhouse/12", "subject": None, "time": None, "datacontenttype": None,
    "size_bytes": 1_234,
}  # fmt: skip
LETTER = {
    "id": "3nq6u7a2w4c5d6e7", "trigger": "default/classify", "broker": "default/default",
    "sink": "http://host/", "reason": "attempts", "class": "transient", "status": 503,
    "attempts": 2, "state": "dead", "group": "abcdefgh12345678",
    "stored_at": "2026-01-01T00:00:00Z", "first_at": "2026-01-01T00:00:01Z",
    "dead_at": "2026-01-01T00:00:09Z", "event": EVENT,
}  # fmt: skip
GROUP = {
    "id": "abcdefgh12345678", "trigger": "default/classify", "sink": "http://host/",
    "class": "transient", "status": 503, "reason": "attempts",
    "pattern": "<number> Service Unavailable", "count": 40_000, "total": 40_001,
    "first_at": "2026-01-01T00:00:00Z", "last_at": "2026-01-01T00:00:00Z",
    "example": "3nq6u7a2w4c5d6e7", "state": "open",
}  # fmt: skip
SOURCE = {
    "name": "default/a-source-with-quite-a-long-name", "kind": "ApiServerSource",
    "state": "connected", "connected": True, "broker": "default/default",
    "sink": "default/default", "lag": 1_234_567, "rate_per_second": 12_345.5,
    "events": 123_456_789, "duplicates": 0, "refused": 0, "errors": 12,
    "position": "orders: " + " ".join(f"{number}=123456" for number in range(1_000)),
    "last_event_at": "2026-01-01T00:00:00Z", "last_error": None, "retry_at": None,
}  # fmt: skip
LISTINGS = (
    (("brokers",), "/brokers", BROKER, "default/default"),
    (("triggers",), "/triggers", TRIGGER, "12,345"),
    (("sinks",), "/sinks", {"name": "s", "state": "READY", "in_flight": 1, "failures": 2}, "READY"),
    (("sources",), "/sources", SOURCE, "123,456,789"),
    (("events",), "/events", EVENT, "7f3c9a2e-1111-4222-8333-123456789abc"),
    (("dead-letters",), "/dead-letter-groups", GROUP, "abcdefgh12345678"),
    (("dead-letters", "list"), "/dead-letters", LETTER, "3nq6u7a2w4c5d6e7"),
    (("dlq", "list"), "/dead-letters", LETTER, "3nq6u7a2w4c5d6e7"),
)


@pytest.fixture
def serve(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any, int], None]:
    """`serve(path, body)` under /api/v1; the commands are pointed at it."""
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)

    def answer(path: str, body: Any, status: int = 200) -> None:
        peer.script(f"/api/v1{path}", status, body)

    return answer


@pytest.mark.parametrize(("words", "path", "item", "shown"), LISTINGS)
def test_a_listing_is_a_table_of_at_most_100_columns_that_loses_nothing(
    headrace: Headrace, serve: Any, words: Any, path: str, item: Any, shown: str
) -> None:
    serve(path, {"items": [item], "next": None})

    ran = headrace(*words)

    assert (ran.exit_code, ran.err) == (0, "")
    assert max(len(line) for line in ran.out.splitlines()) <= 100
    assert shown in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(("words", "path", "item", "shown"), LISTINGS)
def test_a_listing_is_json_or_yaml_on_demand(
    headrace: Headrace, serve: Any, words: Any, path: str, item: Any, shown: str
) -> None:
    serve(path, {"items": [item], "next": None})

    as_json, as_yaml = headrace(*words, "-o", "json"), headrace(*words, "-o", "yaml")

    assert json.loads(as_json.out) == pyyaml.safe_load(as_yaml.out) == [item]


@pytest.mark.parametrize(("words", "path", "item", "shown"), LISTINGS)
def test_an_empty_listing_says_so(
    headrace: Headrace, serve: Any, words: Any, path: str, item: Any, shown: str
) -> None:
    serve(path, {"items": [], "next": None})

    ran = headrace(*words)

    assert ran.out.startswith("no ")
    assert headrace(*words, "-o", "json").out == "[]\n"


def test_names_that_wrap_are_whole_when_read_down_their_column(
    headrace: Headrace, serve: Any
) -> None:
    serve("/triggers", {"items": [TRIGGER], "next": None})

    lines = headrace("triggers").out.splitlines()

    rows = lines[1 : lines.index("")]  # below them are the last errors
    column = "".join(line[: lines[0].index("STATE")].strip() for line in rows)
    assert column == TRIGGER["name"]


def test_pages_are_followed_up_to_the_limit(headrace: Headrace, peer: Any, serve: Any) -> None:
    serve("/events", {"items": [EVENT] * 1_000, "next": "c1"})

    ran = headrace("events", "--limit", 1_500, "-o", "json")

    assert len(json.loads(ran.out)) == 1_500
    assert [asked.target for asked in peer.asked] == [
        "/api/v1/events?limit=1000",
        "/api/v1/events?limit=500&cursor=c1",
    ]


def test_filters_are_asked_for_by_full_name(headrace: Headrace, peer: Any, serve: Any) -> None:
    serve("/dead-letters", {"items": [], "next": None})

    headrace("dlq", "list", "--trigger", "t", "--reason", "age", "--broker", "ns/b")

    query = "trigger=default%2Ft&reason=age&broker=ns%2Fb&limit=50"
    assert peer.asked[0].target == f"/api/v1/dead-letters?{query}"


def test_events_since_a_duration_are_those_since_a_time(
    headrace: Headrace, peer: Any, serve: Any
) -> None:
    serve("/events", {"items": [], "next": None})

    headrace("events", "--since", "2026-01-31T12:00:00+01:00")
    headrace("events", "--since", "PT1H")
    refused = headrace("events", "--since", "yesterday")

    assert "since=2026-01-31T11%3A00%3A00Z" in peer.asked[0].target
    assert "since=2" in peer.asked[1].target
    assert refused.exit_code == 1
    assert "--since: 'yesterday' is no RFC 3339 time" in refused.err


def test_a_trigger_is_shown_with_its_errors_and_its_configuration(
    headrace: Headrace, serve: Any
) -> None:
    error = {"transient": {"count": 12, "message": "503", "at": "2026-01-01T00:00:00Z"}}
    more = {"revision": "ab12", "from_offset": 1, "cursor": 99, "spec": {"broker": "default"}}
    serve("/triggers/default/classify", {**TRIGGER, **more, "last_errors": error})

    ran = headrace("triggers", "show", "classify")

    assert "revision            ab12" in ran.out
    assert "transient     12  2026-01-01 00:00:00Z  503" in ran.out
    assert "broker: default" in ran.out


def test_an_event_is_shown_with_its_attributes_and_data(headrace: Headrace, serve: Any) -> None:
    stored = {"offset": 7, "stored_at": "2026-01-01T00:00:00Z", "principal": "anonymous",
              "cause": {"offset": 3, "trigger": "default/t"}}  # fmt: skip
    text = {"attributes": {"id": "a/b", "type": "t"}, "data": '{"a": 1}', **stored}
    binary = {"attributes": {"id": "a/b", "type": "t"}, "data_base64": "AAEC", **stored}
    serve("/events/a%2Fb", {"items": [text, binary]})

    ran = headrace("events", "show", "a/b")

    assert "caused by offset   3" in ran.out
    assert '\ndata\n{"a": 1}\n' in ran.out
    assert "(3 bytes, beginning 00 01 02; -o json has all)" in ran.out


def test_a_dead_letter_is_shown_with_every_attempt_and_the_last_answer(
    headrace: Headrace, serve: Any
) -> None:
    attempt = {"number": 1, "started_at": "2026-01-01T00:00:00Z", "duration_seconds": 0.2041,
               "class": "transient", "status": 503, "message": "503 from [sink]", "phase": None,
               "headers": [], "body": "no\x1b[2Jupstream", "wait_seconds": 0.2}  # fmt: skip
    event = {"attributes": {"id": "1", "type": "t"}, "data": "hello"}
    letter = {**LETTER, "event": event, "attempts_detail": [attempt]}
    serve("/dead-letters/3nq6u7a2w4c5d6e7", letter)

    ran = headrace("dead-letters", "show", "3nq6u7a2w4c5d6e7")

    assert "0.204 s  503     -      transient      0.200 s  503 from [sink]" in ran.out
    assert "\nthe last answer\nno\\x1b[2Jupstream\n" in ran.out
    assert "\ndata\nhello\n" in ran.out


def test_a_refusal_is_told_in_the_listeners_own_words(headrace: Headrace, serve: Any) -> None:
    problem = {"detail": "no trigger default/x", "code": "not-found", "remedy": "list them"}
    serve("/triggers/default/x", problem, 404)

    ran = headrace("triggers", "show", "x")

    assert (ran.exit_code, ran.out) == (1, "")
    assert ran.err == "headrace: no trigger default/x; list them\n"


def test_options_before_the_last_word_count_too(headrace: Headrace, peer: Any) -> None:
    peer.script("/api/v1/dead-letters", 200, {"items": [], "next": None})

    ran = headrace("dlq", "--admin", peer.url, "--token", "t0p", "-o", "json", "list")

    assert (ran.exit_code, ran.out) == (0, "[]\n")
    assert peer.asked[0].headers["authorization"] == "Bearer t0p"


def test_where_nobody_listens_it_says_how_to_start_one(
    headrace: Headrace, refused_port: int
) -> None:
    url = f"http://127.0.0.1:{refused_port}"

    ran = headrace("brokers", "--admin", url)

    assert ran.exit_code == 1
    assert f"no headrace answers at {url} (connection refused); start one with: headrace up" in (
        ran.err
    )


@pytest.mark.parametrize("url", ["localhost:8081", "http://user:canary@host", "ftp://host"])
def test_an_admin_url_that_cannot_be_is_refused(headrace: Headrace, url: str) -> None:
    ran = headrace("brokers", "--admin", url)

    assert ran.exit_code == 1
    assert "the admin URL " in ran.err
    assert "canary" not in ran.err


def test_an_answer_that_is_no_headraces_is_said_to_be_none(headrace: Headrace, serve: Any) -> None:
    serve("/brokers", ["something", "else"])

    ran = headrace("brokers")

    assert ran.exit_code == 1
    assert "which is not what a headrace says" in ran.err
