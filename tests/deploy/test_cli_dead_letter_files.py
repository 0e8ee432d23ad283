"""`headrace dead-letters export` and `import`."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

from deploy.cli.dead_letter_import import (
    LINES_MAX,
    SLICE_BYTES_MAX,
    Slicing,
    bounded_lines,
    slices,
)

Headrace = Callable[..., Any]
IMPORTS = "/api/v1/dead-letters/imports"
ACT = f"{IMPORTS}/i1/act"
EXPORT = "/api/v1/dead-letters/export"
PLANS = "/api/v1/dead-letters/plans"
PLAN = {"id": "p1", "verb": "export", "count": 2, "bytes": 300, "warnings": []}
IMPORT = {
    "id": "i1",
    "broker": "default/default",
    "events": 2,
    "bytes": 300,
    "by_type": {"t": 2},
    "refused": 0,
    "mistakes": [],
    "warnings": [{"code": "in-log", "text": "2 are in the log already"}],
    "published": 2,
    "known": 0,
}


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


def test_who_reads_only_the_head_of_an_export_is_not_told_of_the_listener(desk: Any) -> None:
    desk.script(PLANS, 200, PLAN)
    desk.script(EXPORT, 200, {"event": {"data": "x" * (1 << 22)}})
    words = [sys.executable, "-m", "deploy", "dead-letters", "export", "--admin", desk.url]

    with Popen(words, stdout=PIPE, stderr=PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(10)
        running.stdout.close()
        said = running.stderr.read().decode()

    assert said.splitlines() == ["2 dead letters, 300 B of events: plan p1"]
    assert running.returncode == 1


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


def test_an_import_looks_first_and_then_publishes_what_it_looked_at(
    desk: Any, headrace: Headrace, file: Path
) -> None:
    desk.script(IMPORTS, 200, IMPORT)
    desk.script(ACT, 200, {"plan": IMPORT})

    ran = headrace("dead-letters", "import", file, "--yes", "--reason", "moved")

    looked, done = bodies(desk)
    assert (ran.exit_code, ran.out.splitlines()[-1]) == (0, "2 events published, 0 left out")
    assert "2 are in the log already" in ran.err
    assert looked == {"lines": ['{"a": 1}\n', '{"b": 2}\n'], "first_line": 1}
    assert done == {**looked, "reason": "moved"}


def test_what_had_been_published_before_is_said(desk: Any, headrace: Headrace, file: Path) -> None:
    desk.script(IMPORTS, 200, IMPORT)
    desk.script(ACT, 200, {"plan": {**IMPORT, "known": 2}})

    ran = headrace("dead-letters", "import", file, "--yes")

    done = "0 events published, 0 left out; 2 had been published before"
    assert ran.out.splitlines()[-1] == done


def test_an_import_that_nobody_confirms_publishes_nothing(
    desk: Any, headrace: Headrace, file: Path
) -> None:
    desk.script(IMPORTS, 200, IMPORT)

    ran = headrace("dead-letters", "import", file)

    assert ran.exit_code == 1
    assert "publish 2 events to every trigger of default/default that matches?" in ran.err
    assert len(bodies(desk)) == 1


def test_the_slices_of_a_long_file_are_of_one_plan(
    desk: Any, headrace: Headrace, tmp_path: Path
) -> None:
    desk.script(IMPORTS, 200, IMPORT)
    desk.script(ACT, 200, {"plan": IMPORT})
    (tmp_path / "long.ndjson").write_text("{}\n" * (LINES_MAX + 1))

    headrace("dead-letters", "import", tmp_path / "long.ndjson", "--yes", "--broker", "b")

    first, second, *acts = bodies(desk)
    assert (first["broker"], "plan" in first) == ("default/b", False)
    assert (second["plan"], second["first_line"]) == ("i1", LINES_MAX + 1)
    assert [one["first_line"] for one in acts] == [1, LINES_MAX + 1]


def test_mistakes_are_shown_with_their_lines(desk: Any, headrace: Headrace, file: Path) -> None:
    wrong = {"line": 2, "code": "bad-time", "what": "time is no time"}
    desk.script(IMPORTS, 200, {**IMPORT, "events": 1, "refused": 1, "mistakes": [wrong]})

    ran = headrace("dead-letters", "import", file, "--dry-run")

    assert ran.exit_code == 0
    assert all(word in ran.out for word in ("bad-time", "1 line in mistake", "nothing was done"))


def test_lines_that_no_request_can_hold_are_mistakes_too(
    desk: Any, headrace: Headrace, tmp_path: Path
) -> None:
    desk.script(IMPORTS, 200, IMPORT)
    (tmp_path / "odd.ndjson").write_bytes(b"{}\n\xff\n")

    ran = headrace("dead-letters", "import", tmp_path / "odd.ndjson", "--dry-run", "-o", "json")

    told = json.loads(ran.out)
    assert (told["dry_run"], told["plan"]["refused"]) == (True, 1)
    assert [one["code"] for one in told["plan"]["mistakes"]] == ["bad-encoding"]


def test_a_broker_that_takes_nothing_now_is_asked_again(
    desk: Any, headrace: Headrace, file: Path
) -> None:
    busy = desk.answer_of(503, {"detail": "too many wait", "code": "overloaded"})
    desk.script(IMPORTS, 200, IMPORT)
    desk.answers[ACT] = [busy, desk.answer_of(200, {"plan": IMPORT})]

    ran = headrace("dead-letters", "import", file, "--yes")

    assert (ran.exit_code, len(bodies(desk))) == (0, 3)


def test_slices_keep_within_a_request_and_number_their_lines() -> None:
    content = b"x\n" * (LINES_MAX + 3)

    found = list(slices(io.BytesIO(content), Slicing()))

    assert [(first, len(lines)) for first, lines in found] == [(1, LINES_MAX), (LINES_MAX + 1, 3)]


def test_a_line_that_is_too_large_is_a_mistake_and_not_read_whole() -> None:
    slicing = Slicing()
    content = io.BytesIO(b"a" * (3 * SLICE_BYTES_MAX) + b"\nb\n\xff\n")

    ((first, lines),) = slices(content, slicing)

    assert (first, lines) == (1, ["", "b\n", ""])
    assert [(one["line"], one["code"]) for one in slicing.mistakes] == [
        (1, "too-large"),
        (3, "bad-encoding"),
    ]
    content.seek(0)
    assert max(map(len, bounded_lines(content))) == SLICE_BYTES_MAX + 1
