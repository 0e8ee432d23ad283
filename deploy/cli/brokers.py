"""`headrace brokers`, `headrace brokers show NAME`."""

import typer

from deploy.cli.client import Item, path_of
from deploy.cli.grouping import group_of
from deploy.cli.options import AdminOption, NameArgument, OutputOption, TokenOption, choose
from deploy.cli.output import (
    Column,
    age,
    draw_fields,
    draw_spec,
    draw_table,
    heading,
    number,
    present,
    rate,
    rates,
    show_answer,
    show_items,
    size,
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
    return group_of(brokers, {"show": show})


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
    name: NameArgument,
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
    show_answer(chosen.client().get(path_of("brokers", name)), chosen.format, _draw)


def _draw(broker: Item) -> None:
    draw_fields(present(broker, FIELDS))
    if refused := broker.get("refused_by_code"):
        heading("refused since start")
        draw_table([{"code": code, "count": count} for code, count in refused.items()], REFUSED)
    draw_spec(broker)
