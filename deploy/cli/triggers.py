"""`headrace triggers`, `headrace triggers show NAME`; its verbs are in `trigger_verbs`."""

import sys
from typing import Any

import typer

from deploy.cli.client import Item, path_of, printable
from deploy.cli.grouping import Verb, group_of
from deploy.cli.options import AdminOption, NameArgument, Output, OutputOption, TokenOption, choose
from deploy.cli.output import (
    Column,
    age,
    counted,
    draw_fields,
    draw_spec,
    draw_table,
    heading,
    moment,
    number,
    present,
    rate,
    rates,
    show_answer,
    show_items,
)
from deploy.cli.trigger_verbs import pause, remove, resume, seek

COLUMNS = (
    Column("NAME", "name", width_wanted=20),
    Column("STATE", "state", whole=True),
    Column("BACKLOG", "backlog", number, "right", whole=True),
    Column("OLDEST", "oldest_stored_at", age, whole=True),
    Column("IN/S", "rates.in_10s", rate, "right", whole=True),
    Column("OUT/S", "rates.out_10s", rate, "right", whole=True),
    Column("PARKED", "parked", number, "right", whole=True),
    Column("DEAD", "dead", number, "right", whole=True),
    Column("SINK", "sink", width_wanted=20),
)
# Below the others: beside them it had ten columns, and wrapped into as many lines.
LAST_ERRORS = (
    Column("TRIGGER", "name", width_wanted=20),
    Column("LAST ERROR", "last_error"),
)
FIELDS = (
    Column("name", "name"),
    Column("broker", "broker"),
    Column("state", "state"),
    Column("paused since", "pause.since", moment),
    Column("paused by", "pause.by"),
    Column("paused because", "pause.reason"),
    Column("sink", "sink"),
    Column("sink state", "sink_state"),
    Column("sink held until", "target.held_until", moment),
    Column("sink ramps at", "target.rate_per_second", rate),
    Column("revision", "revision"),
    Column("counts from offset", "from_offset", number),
    Column("cursor", "cursor", number),
    Column("log routed to", "routed", number),
    Column("backlog", "backlog", number),
    Column("oldest waits", "oldest_stored_at", age),
    Column("in, per second", "rates", rates),
    Column("out, per second", "rates", lambda value: rates(value, "out")),
    Column("in flight", "in_flight", number),
    Column("parked", "parked", number),
    Column("next attempt", "next_due_at", moment),
    Column("waiting for order", "waiting", number),
    Column("copies parked", "copies_parked", number),
    Column("matched", "matched", number),
    Column("delivered", "delivered", number),
    Column("discarded", "discarded", number),
    Column("redelivered", "redelivered", number),
    Column("dead", "dead", number),
    Column("expiring in 24 h", "expiring_24h", number),
)
ERRORS = (
    Column("CLASS", "class", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
    Column("LAST", "at", moment, whole=True),
    Column("MESSAGE", "message"),
)


def group() -> typer.Typer:
    """`triggers` by itself lists; below it are the commands about one trigger."""
    acts: dict[str, Verb] = {"pause": pause, "resume": resume, "seek": seek, "remove": remove}
    below: dict[str, Verb] = {"show": show, **acts}
    return group_of(triggers, below)


def triggers(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the triggers: state, backlog, oldest event, rates, what is parked or dead.

    IN/S and OUT/S are events a second over the last ten seconds. Warns of dead letters that
    are past their retention within a day.

    \b
    Examples:
      headrace triggers
      headrace triggers show classify
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is not None:
        return
    found = chosen.client().items("/triggers")
    show_items(found, COLUMNS, chosen.format, "triggers")
    failing = [item for item in found if item.get("last_error")]
    if failing and chosen.format is Output.TABLE:
        print()
        draw_table(failing, LAST_ERRORS)
    for item in found:
        if count := item.get("expiring_24h"):
            letters = counted(count, "dead letter")
            expiring = f"{letters} of {printable(item['name'])} expire within 24 h"
            print(f"warning: {expiring}: redrive or export them", file=sys.stderr)


def show(
    context: typer.Context,
    name: NameArgument,
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
    trigger = chosen.client().get(path_of("triggers", name))
    show_answer(trigger, chosen.format, _draw)


def _draw(trigger: Item) -> None:
    draw_fields(present(trigger, FIELDS))
    if errors := _errors(trigger):
        heading("last errors")
        draw_table(errors, ERRORS)
    draw_spec(trigger)


def _errors(trigger: Item) -> list[dict[str, Any]]:
    errors = trigger.get("last_errors") or {}
    return [{"class": name, **details} for name, details in errors.items()]
