"""`headrace explain`: offline against written filters, and what it asks a running headrace."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

Headrace = Callable[..., Any]
EVENT = {
    "specversion": "1.0", "id": "1", "source": "/shop/7", "type": "order.placed", "color": "red",
}  # fmt: skip


@pytest.fixture
def event(tmp_path: Path) -> Path:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(EVENT))
    return path


@pytest.mark.parametrize(
    ("written", "says", "decides"),
    [
        ("[{exact: {type: order.placed}}]", "it matches", "type is 'order.placed'"),
        ("{prefix: {type: sale.}}", "it does not match", "type begins with 'sale.'"),
        ("[{suffix: {source: '7'}}]", "it matches", "source ends with '7'"),
        ("[{all: [{exact: {type: order.placed}}, {exact: {color: blue}}]}]",
         "it does not match", "color is 'blue'"),
        ("[{any: [{exact: {color: blue}}, {exact: {color: red}}]}]",
         "it matches", "color is 'red'"),
        ("[{not: {exact: {color: red}}}]", "it does not match", "color is 'red'"),
        ("[{cesql: \"color = 'red' AND EXISTS size\"}]", "it does not match", "EXISTS size"),
        ("{filter: {attributes: {color: ''}}}", "it matches", "color is there"),
    ],
)  # fmt: skip
def test_every_dialect_says_which_clause_decided(
    headrace: Headrace, event: Path, written: str, says: str, decides: str
) -> None:
    ran = headrace("explain", "--event", event, "--filter", written)

    lines = ran.out.splitlines()
    assert (ran.exit_code, lines[0]) == (0, says)
    (deciding,) = [line for line in lines if line.endswith("<- decides")]
    assert decides in deciding


def test_yaml_means_here_what_it_means_in_a_configuration(
    headrace: Headrace, tmp_path: Path
) -> None:
    """Else `no` would be a boolean here, and a text there."""
    event = tmp_path / "event.json"
    event.write_text('{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "zone": "no"}')

    ran = headrace("explain", "--event", event, "--filter", "[{exact: {zone: no}}]")

    assert (ran.exit_code, ran.out.splitlines()[0]) == (0, "it matches")


def test_the_value_of_every_subexpression_is_shown(headrace: Headrace, event: Path) -> None:
    text = "LENGTH(color) = 3 AND (INT(color) > 2 OR EXISTS size)"

    ran = headrace("explain", "--event", event, "--cesql", text)

    assert "3 is LENGTH(color)" in ran.out
    assert "error cast: INT(color)" in ran.out


def test_a_trigger_s_file_gives_its_filters(
    headrace: Headrace, event: Path, tmp_path: Path
) -> None:
    trigger = tmp_path / "trigger.yaml"
    trigger.write_text("kind: Trigger\nspec:\n  filters:\n  - exact: {color: red}\n")

    ran = headrace("explain", "--event", event, "--filter", trigger, "-o", "json")

    explanation = json.loads(ran.out)
    assert (explanation["matched"], explanation["deciding"]["asks"]) == (True, "color is 'red'")


def test_an_event_from_standard_input(headrace: Headrace, monkeypatch: pytest.MonkeyPatch) -> None:
    given = SimpleNamespace(buffer=io.BytesIO(json.dumps(EVENT).encode()))
    monkeypatch.setattr("sys.stdin", given)

    ran = headrace("explain", "--event", "-", "--cesql", "color = 'red'")

    assert ran.out.startswith("it matches")


def test_a_trigger_is_asked_of_the_running_headrace(
    headrace: Headrace, event: Path, peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    clause = {"path": "filters[0].exact.color", "asks": "color is 'red'", "holds": True,
              "seen": {"color": "red"}}  # fmt: skip
    answer = {"trigger": "default/t", "revision": 3, "matched": True,
              "deciding": clause, "clauses": clause}  # fmt: skip
    peer.script("/api/v1/explain", 200, answer)

    ran = headrace("explain", "--event", event, "--trigger", "t")

    assert ran.out.splitlines()[0] == "it matches default/t (revision 3)"
    assert json.loads(peer.asked[0].body) == {"event": EVENT, "trigger": "default/t"}


def test_all_triggers_are_a_table(
    headrace: Headrace, event: Path, peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    clause = {"path": "filters", "asks": "all of these", "holds": True, "seen": {}}
    items = [{"trigger": f"default/t{n}", "revision": 1, "matched": bool(n), "deciding": clause}
             for n in range(2)]  # fmt: skip
    peer.script("/api/v1/explain", 200, {"items": items, "next": None})

    ran = headrace("explain", "--event", event, "--all")

    rows = [line.split()[:2] for line in ran.out.splitlines()[1:]]
    assert rows == [["default/t0", "no"], ["default/t1", "yes"]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "one of --trigger, --filter, --cesql and --all"),
        (("--cesql", "color"), "must give Boolean"),
        (("--filter", "[{exactly: {color: red}}]"), "is no dialect"),
        (("--filter", "[{exact: {"), "the filter has 1 mistake"),
        (("--filter", "[{exact: {color: a, color: b}}]"), "the filter has 1 mistake"),
        (("--cesql", "a = 1", "--all"), "one of --trigger"),
    ],
)
def test_a_wrong_question_says_what_is_wrong(
    headrace: Headrace, event: Path, words: tuple[str, ...], told: str
) -> None:
    ran = headrace("explain", "--event", event, *words)

    assert (ran.exit_code, told in ran.err) == (1, True), ran.err


def test_an_event_that_is_none_is_refused(headrace: Headrace, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"id": "1"}')

    missing = headrace("explain", "--event", tmp_path / "none.json", "--cesql", "TRUE")
    bad = headrace("explain", "--event", tmp_path / "bad.json", "--cesql", "TRUE")

    assert (missing.exit_code, bad.exit_code) == (1, 1)
    assert "No such file" in missing.err
