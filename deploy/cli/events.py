"""`headrace events`, `headrace events show ID`, `headrace events why ID`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from broker.errors import Invalid
from deploy.cli.client import PAGE_ITEMS_MAX, Admin, Item, Query, full_name, in_path
from deploy.cli.following import follow_events
from deploy.cli.grouping import group_of
from deploy.cli.moments import since_time
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    OutputOption,
    TokenOption,
    choose,
)
from deploy.cli.output import (
    Column,
    age,
    draw_fields,
    heading,
    moment,
    number,
    present,
    show_answer,
    show_items,
    size,
)
from deploy.cli.payload import data_text
from deploy.cli.progress import Progress
from deploy.cli.why import why

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
    return group_of(events, {"show": show, "why": why})


def events(
    context: typer.Context,
    broker: BrokerOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=1,
            max=100_000,
            metavar="N",
            help="At most so many; 50 unless said, without end where they are followed.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="T", help="Stored since a time, or a duration ago such as PT1H."
        ),
    ] = None,
    filter_text: Annotated[
        str | None,
        typer.Option("--filter", metavar="CESQL", help="Only those for which this is true."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show events as they are stored, until Ctrl-C.")
    ] = False,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List stored events, newest first, or follow what comes.

    \b
    Examples:
      headrace events --limit 10
      headrace events --since PT1H --broker default -o json
      headrace events --filter "type LIKE 'com.example.%'" --limit 20
      headrace events --follow --filter "source = '/shop'"
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is not None:
        return
    query = {
        "broker": full_name(broker) if broker else None,
        "since": since_time(since, datetime.now(UTC), "--since") if since else None,
        "filter": filter_text,
    }
    if follow:
        follow_events(chosen.client(), query, chosen.format, limit)
        return
    show_items(sifted(chosen.client(), query, limit or 50), COLUMNS, chosen.format, "events")


def sifted(client: Admin, query: Query, limit: int) -> list[Item]:
    """At most `limit` events; pages may be empty where a filter lets nothing through."""
    found: list[Item] = []
    cursor: int | None = None
    with Progress(None, "looking at events") as progress:
        while len(found) < limit:
            page_items = min(limit - len(found), PAGE_ITEMS_MAX)
            page = client.get("/events", {**query, "limit": page_items, "cursor": cursor})
            found.extend(page.get("items", []))
            progress.advance(page.get("looked_at", 0))
            cursor = page.get("next")
            if cursor is None:
                break
    return found[:limit]


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
    show_answer(found, chosen.format, _draw_events)


def _draw_events(found: list[Item]) -> None:
    for index, event in enumerate(found):
        if index:
            print()
        draw_event(event)


def draw_event(event: dict[str, Any]) -> None:
    """Where it is stored, its attributes, its data."""
    draw_fields(present(event, FIELDS))
    heading("attributes")
    draw_fields([(name, str(value)) for name, value in (event.get("attributes") or {}).items()])
    heading("data")
    print(data_text(event))
