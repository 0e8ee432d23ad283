"""`headrace events why` and `--follow`: what people read, and what they ask for."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml as pyyaml

Headrace = Callable[..., Any]
NOON = "2026-01-01T12:00:00.000Z"
EVENT = {
    "offset": 7, "stored_at": NOON, "broker": "default/default", "id": "7f3c", "type": "sold",
    "source": "/shop", "subject": None, "time": None, "datacontenttype": None, "size_bytes": 99,
    "principal": "anonymous", "cause": None, "attributes": {},
}  # fmt: skip
CLAUSE = {
    "path": "filters[0].exact.type", "asks": "type is 'sold'", "holds": True,
    "seen": {"type": "sold"},
}  # fmt: skip
ATTEMPT = {
    "number": 1, "started_at": NOON, "duration_seconds": 0.004, "class": "transient", "status": 503,
    "message": "busy \x1b[31m" + "x" * 300, "phase": None, "headers": [], "body": "come back later",
    "wait_seconds": 0.2, "why": "backoff",
}  # fmt: skip
CHAPTER = {
    "trigger": "default/classify", "revision": 2, "clause": CLAUSE, "where": "parked",
    "says": "waiting for attempt 2", "attempt": 2, "due_at": NOON, "since": None, "by": None,
    "dead_letter": None, "forwarded": None, "attempts": [ATTEMPT],
}  # fmt: skip
REPLY = {
    "offset": 9, "stored_at": NOON, "id": "r", "type": "answered", "source": "/model",
    "trigger": "default/classify", "replies": [],
}  # fmt: skip
STORY = {
    "event": EVENT, "causes": [{**REPLY, "offset": 3, "trigger": None}], "triggers": [CHAPTER],
    "matched": 5000, "not_matched": [{"trigger": "default/other", "revision": 1, "clause": CLAUSE}],
    "unmatched": 12, "others": [], "replies": [{**REPLY, "replies": [{**REPLY, "offset": 10}]}],
    "is_cut": True, "same_id": [{**EVENT, "offset": 5}],
}  # fmt: skip


@pytest.fixture
def serve(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)

    def answer(path: str, body: Any) -> None:
        peer.script(f"/api/v1{path}", 200, body)

    return answer


def test_a_story_is_a_time_line_of_at_most_100_columns(headrace: Headrace, serve: Any) -> None:
    serve("/events/7f3c/why", STORY)

    ran = headrace("events", "why", "7f3c")

    assert (ran.exit_code, ran.err) == (0, "")
    assert max(len(line) for line in ran.out.splitlines()) <= 100
    assert "\x1b" not in ran.out
    for told in (
        "stored at offset 7, published by anonymous",
        "default/classify: parked",
        "type is 'sold'",
        "attempt 1: transient 503",
        "waiting for attempt 2, which is due then",
        "4,999 triggers more matched",
        "12 triggers did not match",
        "offset 10: answered",
        "there are more",
        "choose by --offset",
    ):
        assert told in " ".join(ran.out.split()), told


def test_a_story_can_be_asked_for_by_its_offset(headrace: Headrace, serve: Any, peer: Any) -> None:
    serve("/events/-/why", STORY)

    ran = headrace("events", "why", "--offset", "7", "--broker", "b", "-o", "yaml")

    assert pyyaml.safe_load(ran.out)["event"]["offset"] == 7
    assert peer.asked[0].target == "/api/v1/events/-/why?offset=7&broker=default%2Fb"


def test_a_story_of_nothing_is_no_story(headrace: Headrace) -> None:
    ran = headrace("events", "why")

    assert (ran.exit_code, "give its ID" in ran.err) == (1, True)


def test_followed_events_are_printed_as_they_come_and_asked_for_from_there(
    headrace: Headrace, peer: Any, serve: Any
) -> None:
    def page(newest: int, *offsets: int) -> Any:
        items = [{**EVENT, "offset": offset} for offset in offsets]
        body = {"items": items, "next": newest, "newest": newest, "looked_at": max(1, len(items))}
        return peer.answer_of(200, body)

    peer.answers["/api/v1/events"] = [page(7), page(9, 8, 9), page(12), page(13, 13)]
    serve("/none", {})

    ran = headrace("events", "--follow", "--filter", "type = 'sold'", "--limit", "3", "-o", "json")

    assert [json.loads(line)["offset"] for line in ran.out.splitlines()] == [8, 9, 13]
    asked = [one.target.partition("?")[2].split("&") for one in peer.asked]
    assert [[part for part in query if part.startswith("after=")] for query in asked] == [
        [], ["after=7"], ["after=9"], ["after=12"],
    ]  # fmt: skip
    assert all("filter=type+%3D+%27sold%27" in query for query in asked[1:])


def test_a_filtered_listing_goes_on_through_empty_pages(
    headrace: Headrace, peer: Any, serve: Any
) -> None:
    empty = {"items": [], "next": 500, "newest": 900, "looked_at": 400}
    full = {"items": [EVENT], "next": None, "newest": 900, "looked_at": 500}
    peer.answers["/api/v1/events"] = [peer.answer_of(200, empty), peer.answer_of(200, full)]
    serve("/none", {})

    ran = headrace("events", "--filter", "type = 'sold'")

    assert "7f3c" in ran.out
    assert "cursor=500" in peer.asked[1].target
