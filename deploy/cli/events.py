"""`headrace events`, `headrace events show ID`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from broker.errors import Invalid
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
    heading,
    moment,
    number,
    show_items,
    size,
    write_data,
)
from deploy.cli.payload import data_text

COLUMNS = (
    Column("OFFSET", "offset", number, "right", whole=True),
    Column("AGE", "stored_at", age, "right", whole=True),
    Column("TYPE", "type"),
    Column("SOURCE", "source"),
    Column("ID", "id", whole=True),
    Column("SIZE", "size_bytes", size, "right", whole=True),
)
FIELDS = (
    Column("broker", "broker"),
    Column("offset", "offset", number),
    Column("stored at", "stored_at", moment),
    Column("published by", "principal"),
    Column("caused by offset", "cause.offset", number),
    Column("caused by trigger", "cause.trigger"),
)


def group() -> typer.Typer:
    """`events` by itself lists; below it are the commands about one event."""
    commands = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    commands.callback()(events)
    commands.command("show")(show)
    return commands


def events(
    context: typer.Context,
    broker: BrokerOption = None,
    limit: LimitOption = 50,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="T", help="Stored since a time, or a duration ago such as PT1H."
        ),
    ] = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List stored events, newest first.

    \b
    Examples:
      headrace events --limit 10
      headrace events --since PT1H --broker default -o json
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is not None:
        return
    query = {
        "broker": full_name(broker) if broker else None,
        "since": since_text(since, datetime.now(UTC)) if since else None,
    }
    found = chosen.client().items("/events", query, limit)
    show_items(found, COLUMNS, chosen.format, "events")


def since_text(text: str, now: datetime) -> str:
    """An RFC 3339 time of a time or of a duration back from `now`."""
    from deploy.config.quantities import duration_seconds
    from deploy.config.quantities import moment as parsed_moment

    try:
        if text.startswith("P"):
            since = now - timedelta(seconds=duration_seconds(text))
        else:
            since = parsed_moment(text)
    except Invalid as error:
        raise Invalid(f"--since: {text!r} {error.what}", remedy=error.remedy) from error
    return since.isoformat().replace("+00:00", "Z")


def show(
    context: typer.Context,
    id: Annotated[
        str, typer.Argument(metavar="ID", help="The event's id, as its source wrote it.")
    ],
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show one event with its attributes and data; all of them, where several have this id.

    \b
    Example:
      headrace events show 7f3c --broker default
    """
    chosen = choose(context, admin, token, output)
    query = {"broker": full_name(broker) if broker else None}
    found = chosen.client().get(f"/events/{in_path(id)}", query).get("items", [])
    if not found:
        raise Invalid(f"there is no event with id {id!r}", remedy="list them with: headrace events")
    if chosen.format is not Output.TABLE:
        write_data(found, chosen.format)
        return
    for index, event in enumerate(found):
        if index:
            print()
        draw_event(event)


def draw_event(event: dict[str, Any]) -> None:
    """Where it is stored, its attributes, its data."""
    stored = [(field.title, cell(event, field)) for field in FIELDS]
    draw_fields([(name, value) for name, value in stored if value != "-"])
    heading("attributes")
    draw_fields([(name, str(value)) for name, value in (event.get("attributes") or {}).items()])
    heading("data")
    print(data_text(event))
