"""The command line `headrace`. Each command is a row here and is imported only when it runs.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage. What was asked for goes to stdout,
progress and errors to stderr.
"""

import gc
import sys
from importlib import import_module
from typing import Any, NamedTuple

from broker.errors import HeadraceError, InvalidConfig
from deploy.environment import read_environment

COMPLETED = "_HEADRACE_COMPLETE"  # set by a shell that asks what a line may go on with


class Command(NamedTuple):
    """`where` names a function, or (with `group`) a function that gives a typer.Typer."""

    where: str
    help: str
    group: bool = False


COMMANDS: dict[str, Command] = {
    "up": Command("deploy.cli.up:up", "Run brokers and triggers from YAML files or folders."),
    "demo": Command("deploy.cli.demo:demo", "Show the whole journey, with a model, in a minute."),
    "reload": Command("deploy.cli.reload:reload", "Run by the configuration as it is on disk."),
    "diff": Command("deploy.cli.diff:diff", "Say what a reload would change, and what it means."),
    "check": Command("deploy.cli.check:check", "Say all that is wrong with a configuration."),
    "send": Command("deploy.cli.send:send", "Publish events."),
    "brokers": Command("deploy.cli.brokers:group", "List the brokers, or show one.", True),
    "triggers": Command("deploy.cli.triggers:group", "List, show and steer the triggers.", True),
    "sinks": Command("deploy.cli.sinks:group", "List the sinks, or show one.", True),
    "sources": Command("deploy.cli.sources:group", "List, show and steer the sources.", True),
    "files": Command("deploy.cli.files:group", "List, show and steer the file jobs.", True),
    "events": Command("deploy.cli.events:group", "Look at the log, or at one event.", True),
    "dead-letters": Command(
        "deploy.cli.dead_letters:group",
        "What could not be delivered: why, and send it again.",
        True,
    ),
    "dlq": Command("deploy.cli.dead_letters:group", "The same as dead-letters.", True),
    "tokens": Command("deploy.cli.tokens:group", "List, make or end tokens to sign in with.", True),
    "audit": Command("deploy.cli.audit:audit", "List what was done, by whom."),
    "explain": Command(
        "deploy.cli.explain:explain", "Say why a filter matches an event, clause by clause."
    ),
    "replay": Command("deploy.cli.replay:group", "Deliver stored events again.", True),
    "cesql": Command("deploy.cli.cesql:cesql", "Evaluate CESQL expressions, line by line."),
    "verify": Command("deploy.cli.verify:verify", "Prove that a data folder has lost nothing."),
    "version": Command("deploy.cli.version:version", "Say which headrace this is."),
}


def main(arguments: list[str] | None = None) -> None:
    """Run one command line (sys.argv's by default) and exit."""
    # Imports leave next to no garbage: looking for it took a tenth of the time of a start.
    gc.set_threshold(50_000, 20, 50)
    words = sys.argv[1:] if arguments is None else arguments
    try:
        _program(_meant(words))(words, prog_name="headrace")
    except HeadraceError as error:
        _say(error)
        sys.exit(1)


def _meant(words: list[str]) -> list[str]:
    """`words`, or those of a line that a shell wants completed."""
    variables = read_environment().variables
    if COMPLETED not in variables:
        return words
    from deploy.cli.completing import completed_words

    return completed_words(variables)


def _program(words: list[str]) -> Any:
    """The program with the command that is asked for, or with the list of all of them."""
    import typer

    is_asked = COMPLETED in read_environment().variables
    program = typer.Typer(
        help="A durable CloudEvents broker whose triggers carry events to sinks.",
        epilog="Example: headrace check headrace.yaml && headrace up headrace.yaml",
        add_completion=is_asked or not words or words[0].startswith("-"),
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback()(_nothing)
    if words and words[0] in COMMANDS:
        _register(program, words[0], COMMANDS[words[0]])
        return program
    for name, command in COMMANDS.items():
        # Only to be listed, or to suggest a name: none of them can be run by these words.
        program.command(name, help=command.help)(_nothing)
    return program


def _register(program: Any, name: str, command: Command) -> None:
    module, _, attribute = command.where.partition(":")
    found = getattr(import_module(module), attribute)
    if command.group:
        program.add_typer(found(), name=name)
    else:
        program.command(name)(found)


def _nothing() -> None:
    """Before a command: nothing is to be done."""


def _say(error: HeadraceError) -> None:
    print(f"headrace: {error}", file=sys.stderr)
    if isinstance(error, InvalidConfig):
        for mistake in error.mistakes:
            print(mistake, file=sys.stderr)
