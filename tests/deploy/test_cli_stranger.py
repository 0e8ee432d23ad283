"""What somebody reads who has never seen the program: errors that say where, lists that fit."""

from collections.abc import Callable
from typing import Any

import pytest

from broker.errors import Invalid
from deploy.cli.client import Admin
from deploy.cli.dead_letter_choice import make_plan
from deploy.cli.output import Column, widths

NOBODY = Admin("http://127.0.0.1:9")


def test_a_refusal_of_the_listener_says_where_the_mistake_is(peer: Any) -> None:
    facts = {"detail": "the string is not closed", "where": "where, column 10", "remedy": "end it"}
    peer.script("/api/v1/dead-letters", 400, facts)

    with pytest.raises(Invalid) as refused:
        Admin(peer.url).get("/dead-letters")

    assert str(refused.value) == "where, column 10: the string is not closed; end it"


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_an_empty_query_means_no_dead_letter(blank: str) -> None:
    with pytest.raises(Invalid, match="say which dead letters"):
        make_plan(NOBODY, "redrive", None, blank, None, None)


def test_no_column_is_narrower_than_a_short_word() -> None:
    columns = [Column("STATE", "state", whole=True), Column("NAME", "name"), Column("SINK", "sink")]

    chosen = widths(columns, [["following", "default/orders", "http://127.0.0.1:9"]], 20)

    assert min(chosen) >= 8


def test_the_last_errors_stand_below_the_triggers(
    peer: Any, headrace: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = {"name": "default/a", "state": "following", "last_error": "transient: " + "x" * 50}
    peer.script("/api/v1/triggers", 200, {"items": [failing], "next": None})
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)

    lines = headrace("triggers").out.splitlines()

    assert lines[1].split()[:2] == ["default/a", "following"]
    assert lines[-1] == "default/a  transient: " + "x" * 50
