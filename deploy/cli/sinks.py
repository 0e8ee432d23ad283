"""`headrace sinks`, `headrace sinks show | try | weight NAME`."""

import typer

from deploy.cli.client import Item
from deploy.cli.grouping import Verb, group_of
from deploy.cli.model_text import draw_model
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
    show_answer,
    show_items,
)
from deploy.cli.sink_verbs import SinkArgument, try_sink, weight

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
    Column("triggers", "triggers", ", ".join),
    Column("backlog", "backlog", number),
    Column("in flight", "in_flight", number),
    Column("delivered", "delivered", number),
    Column("parked", "parked", number),
    Column("failures", "failures", number),
)
STATES = {
    "open": "breaker open",
    "probing": "breaker testing",
    "ramp": "slow start",
    "holding": "held",
    "waking": "waking",
}
ERRORS = (
    Column("TRIGGER", "trigger", width_wanted=20),
    Column("CLASS", "class", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
    Column("LAST", "at", moment, whole=True),
    Column("MESSAGE", "message"),
)


def group() -> typer.Typer:
    """`sinks` by itself lists; below it are the commands about one sink."""
    below: dict[str, Verb] = {"show": show, "try": try_sink, "weight": weight}
    return group_of(sinks, below)


def sinks(
    context: typer.Context,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List the sinks: the state each is in, and how often it failed.

    The state is one of: ready; breaker open (it failed too often, and gets nothing for now);
    breaker testing (one call decides); slow start (a rate that grows); held (it asked for a
    pause itself, or is a model that is not there yet); waking (one call, to see whether the model
    is there); paused.

    \b
    Examples:
      headrace sinks
      headrace sinks show "InferenceSink default/iris"
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is None:
        found = chosen.client().items("/sinks")
        if chosen.format is Output.TABLE:
            found = [in_words(sink) for sink in found]
        show_items(found, COLUMNS, chosen.format, "sinks")


def show(
    context: typer.Context,
    name: SinkArgument,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Show all of one sink: its breaker, who delivers to it, and how that failed.

    Of a model too: its variants, with success and latency, its limits now, when it was away.

    \b
    Examples:
      headrace sinks show iris
      headrace sinks show "FileSink default/archive"
    """
    chosen = choose(context, admin, token, output)
    sink = chosen.client().get("/sink", {"name": name})
    show_answer(sink, chosen.format, _draw)


def in_words(sink: Item) -> Item:
    """`sink` with its state as people say it: "open" by itself reads as if all were well."""
    state = STATES.get(sink["state"], sink["state"])
    rate_per_second = (sink.get("target") or {}).get("rate_per_second")
    if sink["state"] == "ramp" and rate_per_second is not None:
        state = f"{state}, {rate(rate_per_second)} a second"
    away = [
        f"{name} {STATES.get(other, other)}"
        for name, other in (sink.get("variants") or {}).items()
        if other != sink["state"]
    ]
    if away:
        state = f"{state} ({', '.join(away)})"
    return {**sink, "state": state}


def _draw(sink: Item) -> None:
    draw_fields(present(in_words(sink), FIELDS))
    if sink.get("model"):
        draw_model(sink["model"])
    if sink.get("last_errors"):
        heading("last errors")
        draw_table(sink["last_errors"], ERRORS)
