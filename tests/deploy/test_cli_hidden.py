"""What a viewer without payload reads on the command line: that something is hidden, not `-`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.access.roles import Role
from deploy.cli.payload import HIDDEN
from tests.deploy.lasting import lasting
from tests.deploy.living import Living, event

Headrace = Callable[..., Any]


@dataclass
class Desk:
    """A dead letter with data, and the options by which somebody asks about it."""

    letter: str
    looker: tuple[str, ...]
    viewer: tuple[str, ...]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    texts: list[str] = []
    letters: list[str] = []

    async def prepare(headrace: Living) -> None:
        await headrace.publish(event("7f3c", "refused", b'{"a": "canary"}'))
        await headrace.rest()
        letters.append((await headrace.get("/api/v1/dead-letters")).json["items"][0]["id"])
        book = headrace.process.running.tokens
        assert book is not None
        await book.create("admin", Role.ADMIN, None, "local")
        for role in (Role.VIEWER_WITHOUT_PAYLOAD, Role.VIEWER):
            texts.append((await book.create(role.word, role, None, "local"))[1])

    with lasting(tmp_path_factory.mktemp("hidden"), prepare) as headrace:
        admin = ("--admin", f"http://{headrace.process.admin}", "--token")
        yield Desk(letters[0], (*admin, texts[0]), (*admin, texts[1]))


def test_an_event_is_shown_with_its_data_hidden(headrace: Headrace, desk: Desk) -> None:
    hidden = headrace("events", "show", "7f3c", *desk.looker)
    seen = headrace("events", "show", "7f3c", *desk.viewer)

    assert hidden.out.endswith(f"\ndata\n{HIDDEN}\n")
    assert seen.out.endswith('\ndata\n{"a": "canary"}\n')


def test_a_dead_letter_is_shown_with_its_data_and_the_answer_hidden(
    headrace: Headrace, desk: Desk
) -> None:
    hidden = headrace("dead-letters", "show", desk.letter, *desk.looker)
    seen = headrace("dead-letters", "show", desk.letter, *desk.viewer)

    assert f"\nthe last answer\n{HIDDEN}\n" in hidden.out
    assert hidden.out.endswith(f"\ndata\n{HIDDEN}\n")
    assert "data_hidden" not in hidden.out
    assert "\nthe last answer\nno such order 17\n" in seen.out
    assert seen.out.endswith('\ndata\n{"a": "canary"}\n')


@pytest.mark.parametrize("command", ["events", "dead-letters"])
def test_a_story_says_where_words_of_a_sink_are_hidden(
    headrace: Headrace, desk: Desk, command: str
) -> None:
    words = (command, "why", "7f3c" if command == "events" else desk.letter)

    hidden, seen = headrace(*words, *desk.looker), headrace(*words, *desk.viewer)

    assert HIDDEN in " ".join(hidden.out.split())
    assert "None" not in hidden.out
    assert "no such order 17" in " ".join(seen.out.split())
