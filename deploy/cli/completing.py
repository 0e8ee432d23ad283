"""What the shell offers for names and ids: what the admin listener knows, asked briefly.

Nothing is offered, and nothing said, where nobody answers in time: whoever types goes on typing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import typer

from broker.errors import HeadraceError
from deploy.cli.client import Item, admin_at, printable

ASKED_SECONDS: Final = 1.0
OFFERED_MAX: Final = 200
HELP_CHARACTERS: Final = 60
DEFAULT: Final = "default/"

Offer = Callable[[typer.Context, str], list[tuple[str, str]]]


def completed_words(variables: Mapping[str, str]) -> list[str]:
    """The words after `headrace` of the line that a shell asks about."""
    line = variables.get("COMP_WORDS") or variables.get("_TYPER_COMPLETE_ARGS") or ""
    return line.split()[1:]


def offering(path: str, help: str, field: str = "id") -> Offer:
    """Offers `field` of what `path` lists, each with what its field `help` says."""

    def offer(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        return [
            (name, _short(item.get(help)))
            for item in _asked(context, path)
            for name in _names(str(item.get(field, "")))
        ]

    return offer


def offer_named(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Of the kind that the command is about: `headrace triggers pause` asks for triggers."""
    kinds = {"triggers", "sources", "brokers"} & set(context.command_path.split())
    return offering(f"/{kinds.pop()}", "state", "name")(context, incomplete) if kinds else []


def offer_sinks(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Names that a configuration has given: an HTTP subscriber has its URL only."""
    kinds = ("InferenceSink ", "FileSink ")
    return [
        (name, kind.strip())
        for item in _asked(context, "/sinks")
        for kind in kinds
        if str(item.get("name", "")).startswith(kind)
        for name in _names(str(item["name"]).removeprefix(kind))
    ]


def offer_targets(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Sinks that a redrive can go to by name, whether anything delivers to them or not."""
    found = _answer(context, "/dead-letters/targets").get("sinks")
    full_names = found if isinstance(found, list) else []
    return [(name, "") for full_name in full_names for name in _names(str(full_name))]


def _names(name: str) -> Iterator[str]:
    """Those of the namespace `default` without it too, as they may be given."""
    if name.startswith(DEFAULT):
        yield name.removeprefix(DEFAULT)
    if name:
        yield name


def _asked(context: typer.Context, path: str) -> list[Item]:
    found = _answer(context, path, limit=OFFERED_MAX).get("items")
    return found if isinstance(found, list) else []


def _answer(context: typer.Context, path: str, **query: int) -> Item:
    try:
        client = admin_at(_given(context, "admin"), _given(context, "token"))
        return replace(client, timeout_seconds=ASKED_SECONDS).get(path, query)
    except HeadraceError:
        return {}


def _given(context: typer.Context, option: str) -> str | None:
    """What the line says of an option, at this command or above it."""
    at: Any = context
    while at is not None:
        if value := at.params.get(option):
            return str(value)
        at = at.parent
    return None


def _short(text: object) -> str:
    return printable(str(text or ""))[:HELP_CHARACTERS]
