"""The verbs of `headrace dead-letters`: what they ask, what they say, how they end."""

import json
from typing import Any

import pytest

WHERE = ("--where", "reason = 'age'")
MOVED = {"count": 2, "moved": ["a", "b"], "refused": []}


def item(id: str, group: str = "g1") -> dict[str, Any]:
    return {"id": id, "reason": "age", "group": group, "trigger": "default/classify"}


@pytest.fixture
def desk(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two dead letters, both delivered when they are redriven."""
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    base = "/api/v1/dead-letters"
    peer.script(base, 200, {"items": [item("a"), item("b", "g2")], "next": None})
    for verb in ("redrive", "discard", "restore"):
        peer.script(f"{base}/{verb}", 200, MOVED)
    peer.script(f"{base}/states", 200, {"states": {"a": "delivered", "b": "delivered"}})
    return peer


def posted(desk: Any, verb: str) -> list[Any]:
    """The bodies of the POSTs of a verb."""
    path = f"/api/v1/dead-letters/{verb}"
    return [json.loads(one.body) for one in desk.asked if one.target == path]


def test_a_redrive_follows_until_all_are_delivered(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", *WHERE, "--yes", "--reason", "mended")

    assert (ran.exit_code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "2 redriven, 2 delivered"
    assert posted(desk, "redrive") == [{"ids": ["a", "b"], "reason": "mended"}]
    assert "state+%3D+%27dead%27" in desk.asked[0].target


def test_what_failed_again_is_said_and_ends_with_1(desk: Any, headrace: Any) -> None:
    desk.script("/api/v1/dead-letters/states", 200, {"states": {"a": "delivered", "b": "dead"}})

    ran = headrace("dead-letters", "redrive", *WHERE, "--yes")

    assert ran.exit_code == 1
    assert "1 delivered, 1 failed again" in ran.out


def test_what_was_refused_is_listed_and_ends_with_1(desk: Any, headrace: Any) -> None:
    refused = {"id": "b", "why": "trigger-gone", "text": "its trigger is not configured any more"}
    desk.script(
        "/api/v1/dead-letters/redrive", 200, {"count": 1, "moved": ["a"], "refused": [refused]}
    )

    ran = headrace("dead-letters", "redrive", "a", "b", "--wait", 0)

    assert ran.exit_code == 1
    assert "1 redriven, 1 still on their way" in ran.out
    assert "its trigger is not configured any more" in ran.out


def test_a_dry_run_shows_what_is_meant_and_does_nothing(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", *WHERE, "--dry-run")

    assert ran.exit_code == 0
    assert "default/classify" in ran.out
    assert ran.out.endswith("2 dead letters to redrive; nothing was done\n")
    assert posted(desk, "redrive") == []


def test_where_nobody_can_be_asked_nothing_is_done(desk: Any, headrace: Any) -> None:
    redriven = headrace("dead-letters", "redrive", *WHERE)
    discarded = headrace("dead-letters", "discard", *WHERE, "--reason", "tests")

    assert (redriven.exit_code, discarded.exit_code) == (1, 1)
    assert "--yes" in redriven.err
    assert "--count" in discarded.err
    assert posted(desk, "redrive") == posted(desk, "discard") == []


def test_discarding_takes_the_right_number(desk: Any, headrace: Any) -> None:
    wrong = headrace("dead-letters", "discard", *WHERE, "--reason", "tests", "--count", 3)
    right = headrace("dead-letters", "discard", *WHERE, "--reason", "tests", "--count", 2)

    assert (wrong.exit_code, right.exit_code) == (1, 0)
    assert "2 are meant, not 3" in wrong.err
    assert posted(desk, "discard") == [{"ids": ["a", "b"], "reason": "tests"}]


def test_discarding_without_a_reason_is_wrong_usage(desk: Any, headrace: Any) -> None:
    assert headrace("dead-letters", "discard", "a", "--count", 1).exit_code == 2


def test_restoring_looks_among_the_discarded(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "restore", "--group", "g1")

    assert (ran.exit_code, ran.out.splitlines()[-1]) == (0, "2 restored")
    assert "state+%3D+%27discarded%27+AND+group+%3D+%27g1%27" in desk.asked[0].target


@pytest.mark.parametrize("words", [(), ("a", *WHERE), ("--group", "g' OR 'a' = 'a")])
def test_what_is_meant_must_be_clear(desk: Any, headrace: Any, words: tuple[str, ...]) -> None:
    ran = headrace("dead-letters", "redrive", *words, "--yes")

    assert ran.exit_code == 1
    assert desk.asked == []


def test_json_says_what_became_of_them(desk: Any, headrace: Any) -> None:
    ran = headrace("dead-letters", "redrive", "a", "b", "-o", "json")

    assert json.loads(ran.out) == {
        "count": 2, "delivered": 2, "failed_again": 0, "under_way": 0, "other": 0, "refused": [],
    }  # fmt: skip


def test_a_list_goes_on_over_pages_without_items(desk: Any, headrace: Any) -> None:
    pages = [
        desk.answer_of(200, {"items": [], "next": "x", "looked": 5000, "of": 9000}),
        desk.answer_of(200, {"items": [item("a")], "next": None, "looked": 4000, "of": 9000}),
    ]
    desk.answers["/api/v1/dead-letters"] = pages

    ran = headrace("dead-letters", "list", "--where", "data('/n') = 1", "-o", "json")

    assert [one["id"] for one in json.loads(ran.out)] == ["a"]


WHY = {
    **item("a"), "state": "dead", "message": "422", "attempts": 1, "redrives": 2, "offset": 7,
    "stored_at": "2026-01-01T00:00:00Z", "dead_at": "2026-01-01T00:00:09Z",
    "attempts_detail": [{"number": 1, "started_at": "2026-01-01T00:00:00Z", "status": 422,
                         "duration_seconds": 0.25, "class": "bad_input", "body": "no such order"}],
    "then": {"in_log": True, "principal": "ann", "cause": None, "revision": 1, "filter": None},
    "today": {"revision": 3, "is_paused": True, "sink": "http://host/", "sink_state": "open",
              "matches": False, "filter": None},
}  # fmt: skip


def test_why_tells_it_in_sentences(desk: Any, headrace: Any) -> None:
    desk.script("/api/v1/dead-letters/a/why", 200, WHY)

    ran = headrace("dead-letters", "why", "a")

    assert ran.exit_code == 0
    assert "stored at 2026-01-01 00:00:00Z as offset 7, published by ann" in ran.out
    assert "given up at 2026-01-01 00:00:09Z after 1 attempt: age, 422" in ran.out
    assert "today revision 3 of the trigger, paused would not match it" in ran.out
    assert "no such order" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100
