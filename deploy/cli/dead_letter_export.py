"""`headrace dead-letters export`."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from deploy.cli.client import Item, printable
from deploy.cli.dead_letter_choice import (
    GroupOption,
    IdsArgument,
    PlanOption,
    WhereOption,
    find_plan,
    make_plan,
)
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    TokenOption,
    choose,
)
from deploy.cli.output import counted, size

EVERYTHING = "TRUE"  # as a query


class Format(StrEnum):
    NDJSON = "ndjson"
    BATCH = "batch"


FormatOption = Annotated[
    Format, typer.Option("--format", help="A line each with its evidence, or a CloudEvents batch.")
]


def export(
    context: typer.Context,
    ids: IdsArgument = None,
    where: WhereOption = None,
    group: GroupOption = None,
    plan: PlanOption = None,
    format: FormatOption = Format.NDJSON,
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
) -> None:
    """Write dead letters to stdout: each event with all that is known of its failure.

    Says on stderr how many that are. They are fixed first, as a plan: with --plan the same
    ones are written again, within an hour. Without any choice it is all there are.

    \b
    Examples:
      headrace dead-letters export --where "reason = 'attempts'" > dead.ndjson
      headrace dead-letters export --format batch > dead.json
    """
    chosen = choose(context, admin, token, None)
    client = chosen.client()
    if plan is not None:
        planned = find_plan(client, plan, ids, where, group, broker)
    else:
        meant = where if (ids, where, group) != (None, None, None) else EVERYTHING
        planned = make_plan(client, "export", ids, meant, group, broker)
    tell_plan(planned)
    query = {"plan": planned["id"], "format": format.value}
    lines = 0
    for piece in client.download("/dead-letters/export", query):
        sys.stdout.buffer.write(piece)
        lines += piece.count(b"\n")
    sys.stdout.buffer.flush()
    if format is Format.NDJSON and lines < planned["count"]:
        missing = planned["count"] - lines
        print(f"{missing:,} of them were forgotten since the plan was made", file=sys.stderr)


def tell_plan(plan: Item) -> None:
    """On stderr: stdout is the file."""
    for one in plan["warnings"]:
        print(f"warning: {printable(one['text'])}", file=sys.stderr)
    many = f"{counted(plan['count'], 'dead letter')}, {size(plan['bytes'])} of events"
    print(f"{many}: plan {plan['id']}", file=sys.stderr)
