"""`headrace brokers`, `headrace brokers show NAME`."""

from typing import Annotated

import typer

from deploy.cli.client import full_name, in_path
from deploy.cli.options import AdminOption, Output, OutputOption, TokenOption, choose
from deploy.cli.output import (
    Column,
    age,
    draw_fields,
    draw_table,
    heading,
    number,
    present,
    rate,
    rates,
    show_items,
    size,
    write_data,
)

COLUMNS = (
    Column("NAME", "name", whole=True),
    Column("STATE", "state", whole=True),
    Column("EVENTS", "events", number, "right", whole=True),
    Column("LOG", "log_bytes", size, "right", whole=True),
    Column("BACKLOG", "backlog", number, "right", whole=True),
    Column("IN/S", "rates.in_10s", rate, "right", whole=True),
    Column("ACCEPTED", "accepted", number, "right", whole=True),
    Column("DUPLICATE", "duplicates", number, "right", whole=True),
    Column("REFUSED", "refused", number, "right", whole=True),
    Column("DEAD", "dead_letters", number, "right", whole=True),
)
FIELDS = (
    Column("name", "name"),
    Column("state", "state"),
    Column("failure", "failure"),
    Column("events in the log", "events", number),
    Column("log", "log_bytes", size),
    Column("file", "file_bytes", size),
    Column("oldest event", "oldest_stored_at", age),
    Column("routed to offset", "routed", number),
    Column("needed from offset", "needed_from", number),
    Column("largest backlog", "backlog", number),
    Column("in, per second", "rates", rates),
    Column("accepted since start", "accepted", number),
    Column("duplicates", "duplicates", number),
    Column("waiting for a commit", "waiting_for_commit", number),
    Column("dead letters", "dead_letters", number),
    Column("triggers", "triggers", ", ".join),
)
REFUSED = (
    Column("REFUSED AS", "code", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
)


def group() -> typer.Typer:
    """`brokers` by itself lists; `show` is about one."""
    commands = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    commands.callback()(brokers)
    commands.command("show")(show)
    return commands


def brokers(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the brokers: what they hold, what waits, what was refused and what is dead.

    \b
    Examples:
      headrace brokers -o json
      headrace brokers show default
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is None:
        show_items(chosen.client().items("/brokers"), COLUMNS, chosen.format, "brokers")


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME or NAMESPACE/NAME.")],
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show all of one broker: its log, what it refused, its triggers, how it is configured.

    \b
    Example:
      headrace brokers show default/default
    """
    chosen = choose(context, admin, token, output)
    namespace, _, own_name = full_name(name).partition("/")
    broker = chosen.client().get(f"/brokers/{in_path(namespace)}/{in_path(own_name)}")
    if chosen.format is not Output.TABLE:
        write_data(broker, chosen.format)
        return
    draw_fields(present(broker, FIELDS))
    if refused := broker.get("refused_by_code"):
        heading("refused since start")
        draw_table([{"code": code, "count": count} for code, count in refused.items()], REFUSED)
    if broker.get("spec"):
        heading("configured as")
        write_data(broker["spec"], Output.YAML)
