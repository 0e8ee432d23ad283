"""A group of commands: what it does by itself, and the commands below it."""

from collections.abc import Callable, Mapping
from typing import Any

import typer

Verb = Callable[..., Any]


def group_of(itself: Verb, below: Mapping[str, Verb | typer.Typer]) -> typer.Typer:
    """`itself` runs before any of `below` too: it keeps the options, then sees whether it is all.

    The docstring of each is its help. What is below may be a group again.
    """
    commands = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    commands.callback()(itself)
    for name, verb in below.items():
        if isinstance(verb, typer.Typer):
            commands.add_typer(verb, name=name)
        else:
            commands.command(name)(verb)
    return commands
