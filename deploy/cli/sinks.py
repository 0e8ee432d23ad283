"""`headrace sinks`."""

import typer

from deploy.cli.options import AdminOption, OutputOption, TokenOption, choose
from deploy.cli.output import Column, number, show_items

COLUMNS = (
    Column("NAME", "name"),
    Column("STATE", "state", whole=True),
    Column("IN FLIGHT", "in_flight", number, "right", whole=True),
    Column("FAILURES", "failures", number, "right", whole=True),
)


def sinks(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the sinks: whether they are ready, held or paused, and how often they failed.

    \b
    Example:
      headrace sinks
    """
    chosen = choose(context, admin, token, output)
    show_items(chosen.client().items("/sinks"), COLUMNS, chosen.format, "sinks")
