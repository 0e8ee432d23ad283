"""`headrace dead-letters` by itself, and what it lets one say of a group."""

import json
from collections.abc import Callable
from typing import Any

import pytest

GROUP = {
    "id": "abcdefgh12345678", "trigger": "default/classify-the-orders", "reason": "bad_input",
    "status": 503, "pattern": "<number> Service Unavailable of a rather long name",
    "count": 41_234, "state": "acknowledged", "is_regressed": False, "owner": "ann of operations",
    "last_at": "2026-03-01T09:30:00.000Z", "hourly": [0] * 20 + [1, 5, 80, 3],
}  # fmt: skip
PATH = "/api/v1/dead-letter-groups"
Headrace = Callable[..., Any]


@pytest.fixture
def desk(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    return peer


def test_a_group_fits_into_a_hundred_columns(headrace: Headrace, desk: Any) -> None:
    desk.script(PATH, 200, {"items": [GROUP], "next": None})

    ran = headrace("dead-letters")

    assert ran.exit_code == 0
    assert max(len(line) for line in ran.out.splitlines()) <= 100
    assert all(word in ran.out for word in ("abcdefgh12345678", "41,234", "acknowledged", "█"))


def test_a_group_that_came_back_says_regressed(headrace: Headrace, desk: Any) -> None:
    back = {**GROUP, "state": "open", "is_regressed": True}
    desk.script(PATH, 200, {"items": [back], "next": None})

    shown = headrace("dead-letters")
    plain = headrace("dead-letters", "-o", "json")

    assert "regressed" in shown.out
    assert json.loads(plain.out) == [back]


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "ignore", "reopen", "note"])
def test_a_verb_is_said_of_each_group(headrace: Headrace, desk: Any, verb: str) -> None:
    for group in ("g1", "g2"):
        desk.script(f"{PATH}/{group}/{verb}", 200, {**GROUP, "id": group})

    ran = headrace("dead-letters", verb, "g1", "g2", "--note", "see 4711")

    assert ran.exit_code == 0
    assert "g1" in ran.out
    assert "g2" in ran.out
    said = [json.loads(one.body) for one in desk.asked if one.method == "POST"]
    assert [one["note"] for one in said] == ["see 4711", "see 4711"]


def test_a_note_that_says_nothing_is_refused(headrace: Headrace, desk: Any) -> None:
    ran = headrace("dead-letters", "note", "g1")

    assert ran.exit_code == 1
    assert "--note" in ran.err


def test_groups_are_chosen_and_sorted(headrace: Headrace, desk: Any) -> None:
    words = ("--trigger", "classify", "--broker", "b", "--state", "open", "--sort", "count")

    headrace("dead-letters", *words)

    asked = desk.asked[-1].target
    chosen = ("state=open", "trigger=default%2Fclassify", "broker=default%2Fb", "sort=count")
    assert all(one in asked for one in chosen)
