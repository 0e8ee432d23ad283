"""`headrace sinks`, `headrace sinks show NAME`."""

from typing import Annotated

import typer

from deploy.cli.options import AdminOption, Output, OutputOption, TokenOption, choose
from deploy.cli.output import (
    Column,
    draw_fields,
    draw_table,
    heading,
    moment,
    number,
    present,
    rate,
    show_items,
    write_data,
)

COLUMNS = (
    Column("NAME", "name"),
    Column("STATE", "state", whole=True),
    Column("IN FLIGHT", "in_flight", number, "right", whole=True),
    Column("FAILURES", "failures", number, "right", whole=True),
)
FIELDS = (
    Column("name", "name"),
    Column("state", "state"),
    Column("held until", "target.held_until", moment),
    Column("ramps at", "target.rate_per_second", rate),
    Column("triggers", "triggers", ", ".join),
    Column("in flight", "in_flight", number),
    Column("delivered", "delivered", number),
    Column("parked", "parked", number),
    Column("failures", "failures", number),
)
ERRORS = (
    Column("TRIGGER", "trigger", width_wanted=20),
    Column("CLASS", "class", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
    Column("LAST", "at", moment, whole=True),
    Column("MESSAGE", "message"),
)


def group() -> typer.Typer:
    """`sinks` by itself lists; `show` is about one."""
    commands = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    commands.callback()(sinks)
    commands.command("show")(show)
    return commands


def sinks(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the sinks: whether they are ready, held or paused, and how often they failed.

    \b
    Examples:
      headrace sinks
      headrace sinks show "InferenceSink default/iris"
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is None:
        show_items(chosen.client().items("/sinks"), COLUMNS, chosen.format, "sinks")


def show(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As the list has it: a URL, or kind and name.")
    ],
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show all of one sink: its breaker, who delivers to it, and how that failed.

    \b
    Example:
      headrace sinks show "FileSink default/archive"
    """
    chosen = choose(context, admin, token, output)
    sink = chosen.client().get("/sink", {"name": name})
    if chosen.format is not Output.TABLE:
        write_data(sink, chosen.format)
        return
    draw_fields(present(sink, FIELDS))
    if sink.get("last_errors"):
        heading("last errors")
        draw_table(sink["last_errors"], ERRORS)
