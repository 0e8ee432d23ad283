"""The examples in the help of commands: found, parsed by their own command, made runnable."""

import re
import shlex
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.main import get_command

from deploy.cli import COMMANDS


def command_of(name: str) -> Any:
    """What parses the command line of one row of COMMANDS."""
    row = COMMANDS[name]
    module, _, attribute = row.where.partition(":")
    found = getattr(import_module(module), attribute)
    if row.group:
        return get_command(found())
    program = typer.Typer(add_completion=False, rich_markup_mode=None)
    program.command(name)(found)
    return get_command(program)


def all_paths() -> Iterator[tuple[str, ...]]:
    """The words of every command, and of each below a group."""
    for name in COMMANDS:
        yield from paths_of(command_of(name), name)


def paths_of(command: Any, *words: str) -> Iterator[tuple[str, ...]]:
    """`words`, which are those of `command`, and of all that is below it."""
    yield words
    for name, below in getattr(command, "commands", {}).items():
        yield from paths_of(below, *words, name)


def examples_in(help_text: str) -> list[str]:
    """The lines of the block that `Example:` or `Examples:` begins."""
    found = re.search(r"^  Examples?:\n((?:    \S.*\n)+)", help_text, re.MULTILINE)
    return [line.strip() for line in found.group(1).splitlines()] if found else []


def parsed(line: str) -> tuple[list[str], Mapping[str, Any]]:
    """The words after `headrace`, and what their command's parser makes of them.

    Fails as the command would where it does not know one of them.
    """
    words = shlex.split(re.sub(r" > [\w.-]+$", "", line))[1:]  # where it writes to is the shell's
    command, rest = command_of(words[0]), words[1:]
    while rest and rest[0] in (below := getattr(command, "commands", {})):
        command, rest = below[rest[0]], rest[1:]
    with command.make_context(words[0], list(rest)) as context:
        return words, dict(context.params)


def runnable(words: list[str], params: Mapping[str, Any], ingress: str) -> list[str]:
    """These words for where nobody is asked, nothing goes on for ever and ports are others."""
    words = list(words)
    if params.get("yes") is False:
        words.append("--yes")
    if params.get("follow"):
        words += ["--since", "PT1H", "--limit", "1"]
    if words[0] == "send" and params["to"] is None:
        words += ["--to", ingress]
    return words
