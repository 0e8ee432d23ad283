"""`headrace tokens` and `headrace audit`, over a listener and on a folder at rest."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Headrace = Callable[..., Any]
TOKEN = {
    "name": "ci", "role": "operator", "state": "usable", "prefix": "hr_5f0c2a91d3e7",
    "created_at": "2026-03-01T09:30:00.000Z", "expires_at": None, "revoked_at": None,
    "last_used_at": None,
}  # fmt: skip
ACT = {
    "number": 3, "at": "2026-03-01T09:30:00.000Z", "by": "ci", "verb": "tokens.revoke",
    "detail": "old (viewer)", "count": 1, "reason": "it leaked", "broker": None,
}  # fmt: skip


@pytest.fixture
def serve(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`serve(path, body, status)` under /api/v1; the commands are pointed at it."""
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    return lambda path, body, status=200: peer.script(f"/api/v1{path}", status, body)


def test_a_new_token_is_all_that_stdout_says(headrace: Headrace, serve: Any, peer: Any) -> None:
    serve("/tokens", {**TOKEN, "token": "hr_5f0c2a91d3e7_secret"})

    ran = headrace("tokens", "create", "ci", "--role", "operator", "--expires", "P90D")

    assert (ran.exit_code, ran.out) == (0, "hr_5f0c2a91d3e7_secret\n")
    assert "not shown again" in ran.err
    assert json.loads(peer.asked[0].body) == {"name": "ci", "role": "operator", "expires": "P90D"}
    assert peer.asked[0].headers["content-type"] == "application/json"


def test_revoking_says_whether_it_was_to_be_done(headrace: Headrace, serve: Any, peer: Any) -> None:
    serve("/tokens/ci/revoke", {**TOKEN, "state": "revoked", "revoked": True})

    ran = headrace("tokens", "revoke", "ci", "--reason", "it leaked")

    assert (ran.exit_code, ran.out) == (0, "token ci is revoked\n")
    assert json.loads(peer.asked[0].body) == {"reason": "it leaked"}


@pytest.mark.parametrize("words", [("tokens",), ("tokens", "list")])
def test_tokens_are_listed_without_what_signs_in(
    headrace: Headrace, serve: Any, words: tuple[str, ...]
) -> None:
    serve("/tokens", {"items": [TOKEN], "next": None})

    ran = headrace(*words)

    assert "ci    operator  usable  hr_5f0c2a91d3e7" in ran.out


def test_the_audit_is_a_table_of_who_did_what(headrace: Headrace, serve: Any) -> None:
    serve("/audit", {"items": [ACT], "next": None})

    ran, data = headrace("audit"), headrace("audit", "-o", "json")

    assert all(word in ran.out for word in ("ci", "tokens.revoke", "old (viewer)", "it leaked"))
    assert json.loads(data.out) == [ACT]


def test_the_first_token_is_made_on_a_folder_at_rest(headrace: Headrace, tmp_path: Path) -> None:
    data = tmp_path / "data"

    made = headrace("tokens", "create", "first", "--role", "admin", "--data", data)
    listed = headrace("tokens", "list", "--data", data, "-o", "json")
    ended = [headrace("tokens", "revoke", "first", "--data", data).out for _ in range(2)]

    assert made.out.startswith("hr_")
    assert [item["name"] for item in json.loads(listed.out)] == ["first"]
    assert made.out.strip().split("_", 2)[2] not in listed.out
    assert ended == ["token first is revoked\n", "token first was revoked before\n"]


def test_a_folder_that_is_none_is_not_made_by_looking(headrace: Headrace, tmp_path: Path) -> None:
    ran = headrace("tokens", "list", "--data", tmp_path / "typo")

    assert (ran.exit_code, (tmp_path / "typo").exists()) == (1, False)
    assert "there is no data folder" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--role", "root"), "name one of: viewer-without-payload, viewer, operator, admin"),
        (("--role", "viewer", "--expires", "90"), "expires: '90' is no duration"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_remedy(
    headrace: Headrace, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    ran = headrace("tokens", "create", "x", *words, "--data", tmp_path)

    assert ran.exit_code == 1
    assert said in ran.err


def test_who_is_not_let_in_hears_how_and_never_the_token(headrace: Headrace, serve: Any) -> None:
    problem = {"detail": "this token does not count", "code": "unauthorized", "remedy": "Bearer"}
    serve("/audit", problem, 401)

    ran = headrace("audit", "--token", "hr_010101010101_canary")

    assert ran.exit_code == 1
    assert "this token does not count; give a token that counts: --token" in ran.err
    assert "canary" not in ran.err + ran.out


@pytest.mark.parametrize(
    "words", [("tokens",), ("tokens", "create"), ("tokens", "list"), ("tokens", "revoke")]
)
def test_the_help_of_each_has_an_example(headrace: Headrace, words: tuple[str, ...]) -> None:
    assert "Example" in headrace(*words, "--help").out
