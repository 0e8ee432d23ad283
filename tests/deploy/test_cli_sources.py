"""`headrace sources`, against a real HTTP server that answers as the admin listener does."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Headrace = Callable[..., Any]
KAFKA = {
    "name": "default/orders", "kind": "KafkaSource", "state": "connected", "connected": True,
    "broker": "default/default", "sink": "default/default", "lag": 31_204,
    "rate_per_second": 9_980.0, "events": 1_234_567, "duplicates": 0, "refused": 0, "errors": 1,
    "position": "orders: 0=4417 1=4420", "last_event_at": "2026-01-01T00:00:00Z",
    "last_error": {"code": "unavailable", "message": "an old one", "remedy": "none",
                   "at": "2026-01-01T00:00:00Z"},
    "retry_at": None,
}  # fmt: skip
BUCKET = KAFKA | {
    "name": "default/photos", "kind": "S3Source", "state": "retrying", "connected": False,
    "lag": None, "rate_per_second": None, "position": "",
    "last_error": {"code": "denied", "message": "access key AKIA1 may not list bucket photos",
                   "remedy": "give it s3:ListBucket", "at": "2026-01-01T00:00:00Z"},
    "retry_at": "2026-01-01T00:00:31Z",
}  # fmt: skip
PAUSED = BUCKET | {"state": "paused", "last_error": None}


@pytest.fixture
def serve(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    """`serve(path, body)` under /api/v1; the commands are pointed at it."""
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)

    def answer(path: str, body: Any) -> None:
        peer.script(f"/api/v1{path}", 200, body)

    return answer


def test_the_list_fits_ninety_columns(headrace: Headrace, serve: Any) -> None:
    serve("/sources", {"items": [KAFKA, BUCKET], "next": None})

    lines = headrace("sources").out.splitlines()

    assert lines[0].split() == ["NAME", "KIND", "STATE", "LAG", "RATE", "EVENTS", "POSITION"]
    assert lines[1].split()[3:6] == ["31,204", "9,980", "1,234,567"]
    assert lines[1].endswith("orders: 0=4417 1=4420")
    assert max(len(line) for line in lines[:3]) <= 90


def test_below_the_list_is_why_a_source_has_no_connection_and_what_to_do(
    headrace: Headrace, serve: Any
) -> None:
    serve("/sources", {"items": [KAFKA, BUCKET], "next": None})

    _, below = headrace("sources").out.split("\n\n")

    assert "may not list bucket photos" in " ".join(below.split())
    assert "give it s3:ListBucket" in below
    assert "an old one" not in below


@pytest.mark.parametrize("item", [KAFKA, PAUSED])
def test_below_the_list_is_nothing_where_nothing_is_wrong(
    headrace: Headrace, serve: Any, item: Any
) -> None:
    serve("/sources", {"items": [item], "next": None})

    assert len(headrace("sources").out.splitlines()) == 2


def test_a_long_position_is_cut_in_the_list_and_whole_in_show(
    headrace: Headrace, serve: Any
) -> None:
    long = KAFKA | {"position": "orders: 0=4417 1=4420 2=4431 3=4400"}
    serve("/sources", {"items": [long], "next": None})
    serve("/sources/default/orders", long)

    listed, shown = headrace("sources"), headrace("sources", "show", "orders")

    assert "orders: 0=4417 1=4420 2…" in listed.out
    assert "3=4400" in shown.out


def test_one_is_shown_with_its_error_its_pause_and_its_configuration(
    headrace: Headrace, serve: Any
) -> None:
    pause = {"by": "ci", "since": "2026-01-01T00:00:00Z", "reason": "the bucket moves"}
    serve("/sources/default/photos", BUCKET | {"pause": pause, "spec": {"spec": {"prefix": "a/"}}})

    shown = headrace("sources", "show", "photos").out

    assert "paused because      the bucket moves" in shown
    assert "last error          access key AKIA1 may not list bucket photos" in shown
    assert "next try            2026-01-01 00:00:31Z" in shown
    assert "lag" not in shown
    assert shown.endswith("configured as\nspec:\n  prefix: a/\n")


@pytest.mark.parametrize(
    ("verb", "changed", "said"),
    [
        ("pause", True, "is paused"),
        ("pause", False, "was paused already"),
        ("resume", True, "goes on"),
        ("resume", False, "was not paused"),
    ],
)
def test_a_verb_says_in_a_sentence_what_it_did(
    headrace: Headrace, peer: Any, serve: Any, verb: str, changed: bool, said: str
) -> None:
    serve(f"/sources/default/orders/{verb}", {"source": "default/orders", "changed": changed})

    ran = headrace("sources", verb, "orders", "--reason", "it moves")

    assert (ran.exit_code, ran.out) == (0, f"default/orders {said}\n")
    assert json.loads(peer.asked[0].body) == {"reason": "it moves"}
