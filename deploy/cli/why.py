"""`headrace events why ID`."""

from typing import Annotated

import typer

from broker.errors import Invalid
from deploy.cli.client import full_name, in_path
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    OutputOption,
    TokenOption,
    choose,
)
from deploy.cli.output import print_lines, show_answer
from deploy.cli.story_text import story_lines

ANY_ID = "-"


def why(
    context: typer.Context,
    id: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="The event's id; or name it by --offset.", show_default=False
        ),
    ] = None,
    offset: Annotated[
        int | None,
        typer.Option("--offset", min=1, metavar="N", help="Its offset, where ids repeat."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="URI", help="Its source, where ids repeat.")
    ] = None,
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Tell the whole story of one event: who matched it and why, every attempt, where it is now.

    \b
    Examples:
      headrace events why 7f3c
      headrace events why --offset 1204 --broker default -o json
    """
    chosen = choose(context, admin, token, output)
    if id is None and offset is None:
        raise Invalid("which event?", remedy="give its ID, or --offset N")
    query = {
        "offset": offset,
        "source": source,
        "broker": full_name(broker) if broker else None,
    }
    story = chosen.client().get(f"/events/{in_path(id or ANY_ID)}/why", query)
    show_answer(story, chosen.format, lambda told: print_lines(story_lines(told)))
