"""`headrace triggers`, `headrace triggers show NAME`."""

from typing import Annotated, Any

import typer

from deploy.cli.client import Item, full_name, in_path
from deploy.cli.options import AdminOption, Output, OutputOption, TokenOption, choose
from deploy.cli.output import (
    Column,
    age,
    cell,
    draw_fields,
    draw_table,
    heading,
    moment,
    number,
    show_items,
    write_data,
)

COLUMNS = (
    Column("NAME", "name", width_wanted=20),
    Column("STATE", "state", whole=True),
    Column("BACKLOG", "backlog", number, "right", whole=True),
    Column("OLDEST", "oldest_stored_at", age, whole=True),
    Column("PARKED", "parked", number, "right", whole=True),
    Column("DEAD", "dead", number, "right", whole=True),
    Column("DELIVERED", "delivered", number, "right", whole=True),
    Column("SINK", "sink"),
    Column("LAST ERROR", "last_error"),
)
FIELDS = (
    Column("name", "name"),
    Column("broker", "broker"),
    Column("state", "state"),
    Column("sink", "sink"),
    Column("sink state", "sink_state"),
    Column("revision", "revision"),
    Column("counts from offset", "from_offset", number),
    Column("cursor", "cursor", number),
    Column("backlog", "backlog", number),
    Column("oldest waits", "oldest_stored_at", age),
    Column("in flight", "in_flight", number),
    Column("parked", "parked", number),
    Column("waiting for order", "waiting", number),
    Column("matched", "matched", number),
    Column("delivered", "delivered", number),
    Column("dead", "dead", number),
)
ERRORS = (
    Column("CLASS", "class", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
    Column("LAST", "at", moment, whole=True),
    Column("MESSAGE", "message"),
)


def group() -> typer.Typer:
    """`triggers` by itself lists; below it are the commands about one trigger."""
    commands = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    commands.callback()(triggers)
    commands.command("show")(show)
    return commands


def triggers(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the triggers: state, backlog, oldest event, what is parked or dead, the last error.

    \b
    Examples:
      headrace triggers
      headrace triggers show classify
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is None:
        show_items(chosen.client().items("/triggers"), COLUMNS, chosen.format, "triggers")


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME or NAMESPACE/NAME.")],
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show all of one trigger: where it stands, how it is configured, how it failed.

    \b
    Example:
      headrace triggers show default/classify
    """
    chosen = choose(context, admin, token, output)
    namespace, _, own_name = full_name(name).partition("/")
    trigger = chosen.client().get(f"/triggers/{in_path(namespace)}/{in_path(own_name)}")
    if chosen.format is not Output.TABLE:
        write_data(trigger, chosen.format)
        return
    draw_fields([(field.title, cell(trigger, field)) for field in FIELDS])
    if errors := _errors(trigger):
        heading("last errors")
        draw_table(errors, ERRORS)
    if trigger.get("spec"):
        heading("configured as")
        write_data(trigger["spec"], Output.YAML)


def _errors(trigger: Item) -> list[dict[str, Any]]:
    errors = trigger.get("last_errors") or {}
    return [{"class": name, **details} for name, details in errors.items()]
