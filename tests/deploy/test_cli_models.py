"""Model sinks on the command line: shown, tried and weighed, by what the admin listener says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.admin.examples import MODEL, SINK

Headrace = Callable[..., Any]
NAME = "InferenceSink default/iris"
AT = "2026-03-01T09:30:00.000Z"
SET = {
    "set": 3, "weights": {"stable": 90, "canary": 10}, "by": "ci", "at": AT, "reason": "",
    "restores": 1,
}  # fmt: skip
SHOWN: dict[str, Any] = dict(MODEL)
VARIANT = SHOWN["variants"][0]
CANARY = {
    **SHOWN,
    "weights": {"now": SET, "before": []},
    "variants": [{**VARIANT, "name": "stable", "weight": 90},
                 {**VARIANT, "name": "canary", "weight": 10, "state": "holding"}],
}  # fmt: skip
TRIED = {
    "sink": NAME, "trigger": "default/classify", "variant": "canary", "class": "ok",
    "message": None, "seconds": 0.0123,
    "request": {"method": "POST", "url": "http://iris/v1/models/iris:predict",
                "headers": [["x-api-key", "***"]], "body": '{"instances":[1]}', "body_bytes": 17},
    "answer": {"status": 200, "headers": [], "body": '{"predictions":[0]}', "body_bytes": 19},
    "reply": {"type": "classified", "datacontenttype": "application/json", "data": "0"},
}  # fmt: skip


@pytest.fixture
def serve(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    return lambda path, body: peer.script(f"/api/v1{path}", 200, body)


def test_a_model_is_shown_with_its_calls_and_when_it_was_away(
    headrace: Headrace, serve: Any
) -> None:
    serve("/sink", {**SINK, "name": NAME, "model": MODEL})

    out = headrace("sinks", "show", "iris").out

    assert "2 of 3 now, 32 at most" in out
    assert "41.2 s" in out
    assert "the model answered 503" in out
    assert "VARIANT" not in out


def test_variants_are_rows_and_their_weights_a_line(headrace: Headrace, serve: Any) -> None:
    serve("/sink", {**SINK, "name": NAME, "model": CANARY})

    out = headrace("sinks", "show", "iris").out

    assert "stable=90 canary=10 (set 3, as set 1, by ci)" in out
    assert max(len(line) for line in out.splitlines()) <= 100


def test_a_list_says_which_variant_is_away(headrace: Headrace, serve: Any) -> None:
    states = {"stable": "ready", "canary": "waking"}
    serve("/sinks", {"items": [{**SINK, "variants": states}], "next": None})

    assert "ready (canary waking)" in headrace("sinks").out


def test_a_try_reads_as_on_the_wire(headrace: Headrace, serve: Any, tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text("{}")
    serve("/sink/try", TRIED)

    out = headrace("sinks", "try", "iris", "--event", tmp_path / "e.json").out

    assert "POST http://iris/v1/models/iris:predict\nx-api-key: ***\n\n" in out
    assert 'answered 200\n{"predictions":[0]}' in out
    assert out.endswith("\n0\n")


def test_a_try_is_json_on_demand(headrace: Headrace, serve: Any, tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text("{}")
    serve("/sink/try", TRIED)

    out = headrace("sinks", "try", "iris", "--event", tmp_path / "e.json", "-o", "json").out

    assert json.loads(out) == TRIED


def test_new_weights_are_said_with_the_number_of_their_set(headrace: Headrace, serve: Any) -> None:
    serve("/sink/weight", {"sink": NAME, "changed": True, **SET, "restores": None})

    out = headrace("sinks", "weight", "iris", "canary=10").out

    assert out == f"{NAME} has stable=90 canary=10 (set 3, by ci)\n"


@pytest.mark.parametrize("word", ["canary", "canary=", "=1", "canary=x", "canary=-1"])
def test_what_is_no_weight_is_refused(headrace: Headrace, word: str) -> None:
    ran = headrace("sinks", "weight", "iris", word)

    assert ran.exit_code != 0
    assert "canary=10" in ran.err
