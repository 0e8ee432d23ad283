"""`headrace dead-letters edit` and `difference`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Headrace = Callable[..., Any]
PATH = "/api/v1/dead-letters/a"
DOCUMENT = {"specversion": "1.0", "id": "17", "source": "/s", "type": "t", "data": {"n": "1"}}
SENT = {
    "id": "a", "edited_id": "17-edited-1", "state": "dead", "dry_run": True, "attributes": [],
    "data": {
        "is_json": True, "is_same": False, "is_cut": False,
        "rows": [{"path": "/n", "this": '"1"', "other": "1", "how": "changed"}],
    },
}  # fmt: skip
EDITOR = """
import json, sys
document = json.load(open(sys.argv[1]))
document["data"]["n"] = 1
json.dump(document, open(sys.argv[1], "w"))
"""


@pytest.fixture
def desk(peer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """One dead letter, and an editor that mends it."""
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    (tmp_path / "editor.py").write_text(EDITOR)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {tmp_path / 'editor.py'}")
    editable = {"id": "a", "document": DOCUMENT, "last": None}
    sent = {**SENT, "dry_run": False, "state": "redriving"}
    peer.answers[f"{PATH}/edit"] = [peer.answer_of(200, one) for one in (editable, SENT, sent)]
    return peer


def test_what_was_edited_is_shown_and_then_sent(desk: Any, headrace: Headrace) -> None:
    ran = headrace("dead-letters", "edit", "a", "--reason", "mended", "--yes")

    bodies = [json.loads(one.body) for one in desk.asked if one.method == "POST"]
    assert ran.exit_code == 0
    assert "/n" in ran.out
    assert ran.out.splitlines()[-1].endswith(
        "on its way to its trigger; dead letter a is redriving"
    )
    assert [body["document"]["data"] for body in bodies] == [{"n": 1}, {"n": 1}]
    assert [body.get("dry_run", False) for body in bodies] == [True, False]


def test_an_edit_goes_on_from_the_one_that_failed(desk: Any, headrace: Headrace) -> None:
    last = {"message": "HTTP 422", "document": DOCUMENT | {"subject": "mended"}}
    editable = {"id": "a", "document": DOCUMENT, "last": last}
    desk.answers[f"{PATH}/edit"] = [desk.answer_of(200, one) for one in (editable, SENT)]

    ran = headrace("dead-letters", "edit", "a", "--reason", "mended", "--dry-run")

    assert json.loads(desk.asked[-1].body)["document"]["subject"] == "mended"
    assert "the last edit failed: HTTP 422" in ran.err


def test_a_dry_run_sends_nothing(desk: Any, headrace: Headrace) -> None:
    ran = headrace("dead-letters", "edit", "a", "--reason", "mended", "--dry-run")

    assert (ran.exit_code, sum(one.method == "POST" for one in desk.asked)) == (0, 1)
    assert "nothing was done" in ran.out


def test_nobody_to_ask_means_nothing_is_sent(desk: Any, headrace: Headrace) -> None:
    ran = headrace("dead-letters", "edit", "a", "--reason", "mended")

    assert (ran.exit_code, sum(one.method == "POST" for one in desk.asked)) == (1, 1)


@pytest.mark.parametrize("editor", ["false", "no-such-editor-there-is", "'"])
def test_an_editor_that_fails_does_nothing(
    desk: Any, headrace: Headrace, monkeypatch: pytest.MonkeyPatch, editor: str
) -> None:
    monkeypatch.setenv("EDITOR", editor)

    ran = headrace("dead-letters", "edit", "a", "--reason", "mended", "--yes")

    assert (ran.exit_code, sum(one.method == "POST" for one in desk.asked)) == (1, 0)
    assert "editor" in ran.err


def test_a_difference_is_shown_side_by_side(desk: Any, headrace: Headrace) -> None:
    other = {"offset": 1203, "id": "16", "stored_at": "2026-03-01T09:30:00.000Z"}
    told = {**SENT, "other": other, "looked": 812, "is_complete": True}
    desk.script(f"{PATH}/difference", 200, told)

    ran = headrace("dead-letters", "difference", "a")

    assert ran.exit_code == 0
    assert ran.out.startswith("beside event 16, offset 1,203")
    assert all(word in ran.out for word in ("DEAD LETTER", "DELIVERED", "/n"))


def test_where_nothing_like_it_was_delivered_that_is_said(desk: Any, headrace: Headrace) -> None:
    told: dict[str, Any] = {
        "other": None,
        "looked": 5000,
        "is_complete": False,
        "attributes": [],
        "data": None,
    }
    desk.script(f"{PATH}/difference", 200, told)

    ran = headrace("dead-letters", "difference", "a")

    assert "5,000 events looked at; there may be one further away" in ran.out
