"""`headrace check`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from broker.errors import InvalidConfig


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
) -> None:
    """Say all that is wrong with a configuration, each with its line, column and remedy.

    Mistakes go to stdout, one a line; warnings to stderr. Exits 1 if there is a mistake.

    \b
    Examples:
      headrace check headrace.yaml
      headrace check --no-resolve ./config.d
    """
    from deploy.config.read import read_configuration
    from deploy.environment import read_environment

    try:
        found = read_configuration(configuration, read_environment().variables, resolve)
    except InvalidConfig as invalid:
        for mistake in invalid.mistakes:
            print(mistake)
        print(f"headrace: {invalid.what}", file=sys.stderr)
        raise typer.Exit(1) from invalid
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    counts = (
        _counted(len(found.brokers), "broker"),
        _counted(len(found.triggers), "trigger"),
        _counted(len(found.sinks), "sink"),
    )
    print(f"no mistakes: {', '.join(counts)}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
