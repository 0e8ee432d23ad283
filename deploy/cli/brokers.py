"""`headrace brokers`."""

import typer

from deploy.cli.options import AdminOption, OutputOption, TokenOption, choose
from deploy.cli.output import Column, number, show_items, size

COLUMNS = (
    Column("NAME", "name", whole=True),
    Column("STATE", "state", whole=True),
    Column("EVENTS", "events", number, "right", whole=True),
    Column("LOG", "log_bytes", size, "right", whole=True),
    Column("BACKLOG", "backlog", number, "right", whole=True),
    Column("ACCEPTED", "accepted", number, "right", whole=True),
    Column("DUPLICATE", "duplicates", number, "right", whole=True),
    Column("REFUSED", "refused", number, "right", whole=True),
    Column("DEAD", "dead_letters", number, "right", whole=True),
)


def brokers(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the brokers: what they hold, what waits, what was refused and what is dead.

    \b
    Example:
      headrace brokers -o json
    """
    chosen = choose(context, admin, token, output)
    show_items(chosen.client().items("/brokers"), COLUMNS, chosen.format, "brokers")
