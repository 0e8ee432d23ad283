"""`headrace dead-letters` (groups), `dead-letters list`, `dead-letters show ID`; alias `dlq`."""

from typing import Annotated, Any

import typer

from deploy.cli.client import full_name, in_path
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    LimitOption,
    Output,
    OutputOption,
    TokenOption,
    choose,
)
from deploy.cli.output import (
    Column,
    age,
    cell,
    draw_fields,
    draw_table,
    heading,
    moment,
    number,
    seconds,
    show_items,
    write_data,
)
from deploy.cli.payload import data_text, shortened

GROUPS = (
    Column("GROUP", "id", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
    Column("REASON", "reason", whole=True),
    Column("STATUS", "status", whole=True),
    Column("LAST", "last_at", age, "right", whole=True),
    Column("TRIGGER", "trigger", width_wanted=16),
    Column("WHAT", "pattern"),
)
COLUMNS = (
    Column("ID", "id", whole=True),
    Column("AGE", "dead_at", age, "right", whole=True),
    Column("REASON", "reason", whole=True),
    Column("STATUS", "status", whole=True),
    Column("TRIES", "attempts", number, "right", whole=True),
    Column("TRIGGER", "trigger", width_wanted=16),
    Column("EVENT TYPE", "event.type"),
    Column("EVENT ID", "event.id"),
)
FIELDS = (
    Column("dead letter", "id"),
    Column("state", "state"),
    Column("reason", "reason"),
    Column("class", "class"),
    Column("status", "status"),
    Column("trigger", "trigger"),
    Column("sink", "sink"),
    Column("broker", "broker"),
    Column("group", "group"),
    Column("attempts", "attempts", number),
    Column("stored at", "stored_at", moment),
    Column("first attempt", "first_at", moment),
    Column("dead at", "dead_at", moment),
)
ATTEMPTS = (
    Column("TRY", "number", number, "right", whole=True),
    Column("STARTED", "started_at", moment, whole=True),
    Column("TOOK", "duration_seconds", seconds, "right", whole=True),
    Column("STATUS", "status", whole=True),
    Column("PHASE", "phase", whole=True),
    Column("CLASS", "class", whole=True),
    Column("THEN WAITED", "wait_seconds", seconds, "right", whole=True),
    Column("MESSAGE", "message"),
)


def group() -> typer.Typer:
    """`dead-letters` by itself lists the groups; below it are the commands about single ones."""
    commands = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    commands.callback()(groups)
    commands.command("list")(list_all)
    commands.command("show")(show)
    return commands


def groups(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List what could not be delivered, grouped by failures that are alike, newest first.

    \b
    Examples:
      headrace dead-letters
      headrace dead-letters list --trigger classify --limit 10
      headrace dead-letters show 3nq6u7a2w4c5d6e7
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is None:
        found = chosen.client().items("/dead-letter-groups")
        show_items(found, GROUPS, chosen.format, "dead letters")


def list_all(
    context: typer.Context,
    trigger: Annotated[
        str | None, typer.Option("--trigger", metavar="NAME", help="Only of this trigger.")
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="REASON", help="Only with this reason, such as attempts."),
    ] = None,
    broker: BrokerOption = None,
    limit: LimitOption = 50,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List dead letters, newest first.

    \b
    Example:
      headrace dead-letters list --trigger classify --reason attempts -o json
    """
    chosen = choose(context, admin, token, output)
    query = {
        "trigger": full_name(trigger) if trigger else None,
        "reason": reason,
        "broker": full_name(broker) if broker else None,
    }
    found = chosen.client().items("/dead-letters", query, limit)
    show_items(found, COLUMNS, chosen.format, "dead letters")


def show(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id.")],
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show one dead letter: why it died, every attempt, what the sink last said, the event.

    \b
    Example:
      headrace dead-letters show 3nq6u7a2w4c5d6e7
    """
    chosen = choose(context, admin, token, output)
    letter = chosen.client().get(f"/dead-letters/{in_path(id)}")
    if chosen.format is not Output.TABLE:
        write_data(letter, chosen.format)
        return
    draw_fields([(field.title, cell(letter, field)) for field in FIELDS])
    attempts: list[dict[str, Any]] = letter.get("attempts_detail") or []
    if attempts:
        heading("attempts")
        draw_table(attempts, ATTEMPTS)
        if attempts[-1].get("body"):
            heading("the last answer")
            print(shortened(str(attempts[-1]["body"])))
    _draw_event(letter.get("event") or {})


def _draw_event(event: dict[str, Any]) -> None:
    attributes = event.get("attributes")
    if not isinstance(attributes, dict):
        attributes = {
            name: value for name, value in event.items() if name not in {"data", "data_base64"}
        }
    heading("event")
    draw_fields([(name, str(value)) for name, value in attributes.items()])
    heading("data")
    print(data_text(event))
