"""`headrace check`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker.errors import InvalidConfig

if TYPE_CHECKING:
    from deploy.config.broker_spec import Configuration


def check(
    configuration: Annotated[
        list[Path], typer.Argument(metavar="CONFIG...", help="YAML files, or folders of them.")
    ],
    resolve: Annotated[
        bool,
        typer.Option(
            "--resolve/--no-resolve", help="Look up ${env:…} and ${file:…}, or leave them."
        ),
    ] = True,
    connect: Annotated[
        bool,
        typer.Option(
            "--connect",
            help="Then try what each source and each InferenceSink connects to.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Say all that is wrong with a configuration, each with its line, column and remedy.

    Mistakes go to stdout, one a line; warnings to stderr. Exits 1 if there is a mistake, or if
    --connect finds a source that could not run (its server, topic, bucket or right is missing), or
    a model that is not there or takes other inputs. No event is sent; subscribers are not called.

    \b
    Examples:
      headrace check headrace.yaml
      headrace check --no-resolve ./config.d
      headrace check --connect headrace.yaml
    """
    from deploy.config.read import read_configuration
    from deploy.environment import read_environment

    if connect and not resolve:
        raise typer.BadParameter("--connect needs what the references give: leave one of them out")
    variables = read_environment().variables
    try:
        found = read_configuration(configuration, variables, resolve)
    except InvalidConfig as invalid:
        for mistake in invalid.mistakes:
            print(mistake)
        print(f"headrace: {invalid.what}", file=sys.stderr)
        raise typer.Exit(1) from invalid
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"no mistakes: {_counts(found)}")
    if connect:
        from deploy.cli.connecting import connect_all

        if not connect_all(found.sources.values(), found.sinks.values(), variables):
            raise typer.Exit(1)


def _counts(found: "Configuration") -> str:
    """What was declared: brokers that sources have to themselves are not."""
    hidden = {name for name, broker in found.brokers.items() if broker.is_hidden}
    triggers = [one for one in found.triggers.values() if one.broker not in hidden]
    counts = [
        _counted(len(found.brokers) - len(hidden), "broker"),
        _counted(len(triggers), "trigger"),
        _counted(len(found.sinks), "sink"),
    ]
    if found.sources:
        counts.append(_counted(len(found.sources), "source"))
    return ", ".join(counts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
