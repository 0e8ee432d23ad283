"""Asking before something is done that cannot be taken back."""

import sys

import typer

from broker.errors import Invalid


def confirm(question: str, yes: bool) -> None:
    """Go on if `yes` was said, or is answered; else end with 1, nothing done.

    Raises Invalid where nobody is there to be asked: a script says so itself.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Invalid(
            f"{question} Nobody is there to answer",
            code="not-confirmed",
            remedy="say so with --yes",
        )
    if not typer.confirm(question, err=True):
        print("nothing was done", file=sys.stderr)
        raise typer.Exit(1)
