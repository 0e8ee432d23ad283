"""What a shell is offered while a command is typed."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

Complete = Callable[[str], list[str]]
TRIGGERS = {"items": [
    {"name": "default/classify", "state": "ready"}, {"name": "team/orders", "state": "paused"},
], "next": None}  # fmt: skip


@pytest.fixture
def complete(peer: Any, headrace: Any, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """What bash is offered for a line whose last word is still typed."""
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)

    def offered(line: str) -> list[str]:
        words = f"headrace {line}".split(" ")
        monkeypatch.setenv("_HEADRACE_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        ran = headrace()
        assert ran.err == ""
        return sorted(ran.out.split())

    return offered


def items(peer: Any, path: str, *ids: str) -> None:
    peer.script(f"/api/v1/{path}", 200, {"items": [{"id": one} for one in ids], "next": None})


def test_commands_and_what_is_below_them_are_offered(complete: Complete) -> None:
    assert "triggers" in complete("tri")
    assert complete("triggers re") == ["remove", "resume"]
    assert complete("dead-letters job c") == ["cancel"]


def test_a_trigger_is_offered_with_and_without_its_namespace(complete: Complete, peer: Any) -> None:
    peer.script("/api/v1/triggers", 200, TRIGGERS)

    assert complete("triggers pause ") == ["classify", "default/classify", "team/orders"]
    assert complete("replay --trigger team") == ["team/orders"]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("dead-letters resolve ", "dead-letter-groups"),
        ("dead-letters redrive --group ", "dead-letter-groups"),
        ("dead-letters redrive --plan ", "dead-letters/plans"),
        ("dead-letters job show ", "redrive-jobs"),
        ("replay cancel ", "replays"),
        ("files show ", "files"),
    ],
)
def test_ids_are_offered_from_their_list(
    complete: Complete, peer: Any, line: str, path: str
) -> None:
    items(peer, path, "260301-a", "260301-b", "other")

    assert complete(f"{line}260301") == ["260301-a", "260301-b"]


def test_sinks_are_offered_by_the_names_that_a_configuration_gave(
    complete: Complete, peer: Any
) -> None:
    names = ["InferenceSink default/iris", "FileSink team/archive", "http://h/"]
    peer.script("/api/v1/sinks", 200, {"items": [{"name": name} for name in names], "next": None})

    assert complete("sinks try ") == ["default/iris", "iris", "team/archive"]


def test_where_a_redrive_can_go_is_offered(complete: Complete, peer: Any) -> None:
    places = {"sinks": ["default/iris", "team/archive"], "brokers": ["default/main"]}
    peer.script("/api/v1/dead-letters/targets", 200, places)

    offered = complete("dead-letters redrive --to-sink ")

    assert offered == ["default/iris", "iris", "team/archive"]


def test_the_listener_and_the_token_of_the_line_are_asked(complete: Complete, peer: Any) -> None:
    peer.script("/api/v1/brokers", 200, {"items": [{"name": "default/main"}], "next": None})

    offered = complete(f"events --admin {peer.url}/ --token secret --broker ")

    assert offered == ["default/main", "main"]
    assert peer.asked[-1].headers["authorization"] == "Bearer secret"


def test_nothing_is_offered_where_it_is_refused(complete: Complete, peer: Any) -> None:
    peer.script("/api/v1/triggers", 401, {"detail": "who are you", "code": "no-token"})

    assert complete("triggers pause ") == []


def test_nothing_is_offered_where_nobody_answers_and_soon(complete: Complete) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        host, port = silent.getsockname()[:2]
        offered = complete(f"triggers --admin http://{host}:{port} pause ")

    assert offered == []
    assert time.monotonic() - began < 10.0
