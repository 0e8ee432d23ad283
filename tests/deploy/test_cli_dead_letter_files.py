"""`headrace dead-letters export` and `import`."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.dead_letter_files import LINES_MAX, SLICE_BYTES_MAX, Tally, bounded_lines, slices

Headrace = Callable[..., Any]
IMPORT = "/api/v1/dead-letters/import"
EXPORT = "/api/v1/dead-letters/export"
PLANS = "/api/v1/dead-letters/plans"
PLAN = {"id": "p1", "verb": "export", "count": 2, "bytes": 300, "warnings": []}
TOLD = {"events": 2, "bytes": 300, "refused": 0, "by_type": {"t": 2}, "mistakes": []}


@pytest.fixture
def desk(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    return peer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "dead.ndjson").write_text('{"a": 1}\n{"b": 2}\n')
    return tmp_path / "dead.ndjson"


def bodies(desk: Any) -> list[Any]:
    return [json.loads(one.body) for one in desk.asked if one.method == "POST"]


def test_an_export_says_how_many_and_goes_to_stdout_as_it_comes(
    desk: Any, headrace: Headrace
) -> None:
    desk.script(PLANS, 200, PLAN)
    desk.script(EXPORT, 200, {"event": {"id": "1"}})

    ran = headrace("dead-letters", "export", "--where", "reason = 'age'")

    assert (ran.exit_code, json.loads(ran.out)) == (0, {"event": {"id": "1"}})
    assert "2 dead letters, 300 B of events: plan p1" in ran.err
    assert bodies(desk) == [{"verb": "export", "where": "reason = 'age'"}]
    assert desk.asked[-1].target.endswith("/export?plan=p1&format=ndjson")


def test_an_export_of_a_plan_makes_none(desk: Any, headrace: Headrace) -> None:
    desk.script(f"{PLANS}/p1", 200, PLAN)
    desk.script(EXPORT, 200, {"event": {"id": "1"}})

    ran = headrace("dead-letters", "export", "--plan", "p1", "--format", "batch")

    assert (ran.exit_code, bodies(desk)) == (0, [])
    assert desk.asked[-1].target.endswith("/export?plan=p1&format=batch")


def test_an_export_without_a_choice_is_of_all(desk: Any, headrace: Headrace) -> None:
    desk.script(PLANS, 200, PLAN)
    desk.script(EXPORT, 200, {})

    headrace("dead-letters", "export")

    assert bodies(desk) == [{"verb": "export", "where": "TRUE"}]


def test_an_export_says_what_was_forgotten_since(desk: Any, headrace: Headrace) -> None:
    desk.script(PLANS, 200, PLAN)
    desk.script(EXPORT, 200, {})

    ran = headrace("dead-letters", "export")

    assert "2 of them were forgotten" in ran.err


def test_a_refused_export_says_why_and_writes_nothing(desk: Any, headrace: Headrace) -> None:
    desk.script(PLANS, 400, {"detail": "no such name", "code": "bad"})

    ran = headrace("dead-letters", "export", "--where", "x = 1")

    assert (ran.exit_code, ran.out) == (1, "")
    assert "no such name" in ran.err


def test_an_import_looks_first_and_then_publishes(
    desk: Any, headrace: Headrace, file: Path
) -> None:
    desk.script(IMPORT, 200, TOLD)

    ran = headrace("dead-letters", "import", file, "--yes")

    looked, done = bodies(desk)
    assert (ran.exit_code, ran.out.splitlines()[-1]) == (0, "2 events published, 0 left out")
    assert looked["lines"] == done["lines"] == ['{"a": 1}\n', '{"b": 2}\n']
    assert (looked["dry_run"], done.get("dry_run", False)) == (True, False)
    assert looked["name"] == done["name"]


def test_mistakes_are_shown_with_their_lines(desk: Any, headrace: Headrace, file: Path) -> None:
    wrong = {"line": 2, "code": "bad-time", "what": "time is no time"}
    desk.script(IMPORT, 200, {**TOLD, "events": 1, "refused": 1, "mistakes": [wrong]})

    ran = headrace("dead-letters", "import", file, "--dry-run")

    assert ran.exit_code == 0
    assert all(word in ran.out for word in ("bad-time", "1 line in mistake", "nothing was done"))


def test_a_broker_that_takes_nothing_now_is_asked_again(
    desk: Any, headrace: Headrace, file: Path
) -> None:
    busy = desk.answer_of(503, {"detail": "too many wait", "code": "overloaded"})
    desk.answers[IMPORT] = [desk.answer_of(200, TOLD), busy, desk.answer_of(200, TOLD)]

    ran = headrace("dead-letters", "import", file, "--yes")

    assert (ran.exit_code, len(bodies(desk))) == (0, 3)


def test_slices_keep_within_a_request_and_number_their_lines() -> None:
    content = b"x\n" * (LINES_MAX + 3)

    found = list(slices(io.BytesIO(content), Tally()))

    assert [(first, len(lines)) for first, lines in found] == [(1, LINES_MAX), (LINES_MAX + 1, 3)]


def test_a_line_that_is_too_large_is_a_mistake_and_not_read_whole() -> None:
    tally = Tally()
    content = io.BytesIO(b"a" * (3 * SLICE_BYTES_MAX) + b"\nb\n\xff\n")

    ((first, lines),) = slices(content, tally)

    assert (first, lines) == (1, ["", "b\n", ""])
    assert [(one["line"], one["code"]) for one in tally.mistakes] == [
        (1, "too-large"),
        (3, "bad-encoding"),
    ]
    content.seek(0)
    assert max(map(len, bounded_lines(content))) == SLICE_BYTES_MAX + 1
