"""`headrace sinks try NAME`, `headrace sinks weight NAME`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from broker.errors import Invalid
from deploy.cli.client import Item, printable
from deploy.cli.completing import offer_sinks
from deploy.cli.explain import parsed, read_content
from deploy.cli.model_text import precise, set_line
from deploy.cli.options import (
    AdminOption,
    OutputOption,
    ReasonOption,
    TokenOption,
    choose,
)
from deploy.cli.output import Column, draw_fields, heading, present, show_answer
from deploy.cli.payload import data_text

SinkArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="As the list has it, a URL or kind and name; or the name alone.",
        autocompletion=offer_sinks,
    ),
]
JUDGED = (
    Column("sink", "sink"),
    Column("variant", "variant"),
    Column("class", "class"),
    Column("because", "message"),
    Column("took", "seconds", precise),
)


def try_sink(
    context: typer.Context,
    name: SinkArgument,
    event: Annotated[
        Path, typer.Option("--event", metavar="FILE", help="A CloudEvent as JSON; - for stdin.")
    ],
    trigger: Annotated[
        str | None,
        typer.Option(
            "--trigger", metavar="NAME", help="As a delivery of this one of its triggers."
        ),
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option("--variant", metavar="NAME", help="To this one; else to which it would go."),
    ] = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Send one event to a sink, and show the request, the answer and what it would mean.

    Nothing is stored, settled or counted. It is a real call: what acts on it, acts. Of a model
    of this process the tensors are shown that go in and come out.

    \b
    Examples:
      headrace sinks try iris --event flower.json
      headrace sinks try https://test.example/in --event event.json -o json
    """
    chosen = choose(context, admin, token, output)
    asked = {"name": name, "event": parsed(read_content(event))}
    given = {"trigger": trigger, "variant": variant}
    told = chosen.client().post(
        "/sink/try", asked | {key: value for key, value in given.items() if value is not None}
    )
    show_answer(told, chosen.format, _draw_trial)


def weight(
    context: typer.Context,
    name: SinkArgument,
    weights: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[VARIANT=WEIGHT]...", help="Shares; variants not named keep theirs."
        ),
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="The weights before the present ones again.")
    ] = False,
    reason: ReasonOption = "",
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Change what share of the events each variant of a sink gets, as a canary grows or fails.

    The same event always goes to the same variant. It lasts over restarts and reloads, until the
    weights in the YAML change. A variant that is paused, for its server refuses how it is
    configured, is tried again, also where its weight stays what it was.

    \b
    Examples:
      headrace sinks weight scores canary=10 --reason "version 2 looks well"
      headrace sinks weight scores --rollback
    """
    chosen = choose(context, admin, token, output)
    asked: Item = {"name": name, "reason": reason}
    asked |= {"rollback": True} if rollback else {}
    asked |= {"weights": read_weights(weights)} if weights else {}
    told = chosen.client().post("/sink/weight", asked)
    show_answer(told, chosen.format, _say_weights)


def read_weights(words: Sequence[str]) -> dict[str, int]:
    """`canary=10` and its like. Raises Invalid."""
    found = {}
    for word in words:
        name, _, share = word.partition("=")
        if not name or not (share.isascii() and share.isdecimal()):
            raise Invalid(
                f"{word!r} says no weight",
                where="VARIANT=WEIGHT",
                remedy="write the name of a variant and a whole number: canary=10",
            )
        found[name] = int(share[:12])
    return found


def _say_weights(told: Item) -> None:
    print(f"{told['sink']} {'has' if told['changed'] else 'had already'} {set_line(told)}")


def _draw_trial(told: Item) -> None:
    draw_fields(present(told, JUDGED))
    request, answer, reply = told.get("request"), told.get("answer"), told.get("reply")
    if request is not None:
        heading("sent")
        print(printable(f"{request['method']} {request['url']}"))
        _draw_content(request)
    if answer is not None:
        status = answer.get("status")
        heading("answered" if status is None else f"answered {status}")
        _draw_content(answer)
    if reply is not None:
        heading("reply")
        attributes = {name: value for name, value in reply.items() if not name.startswith("data")}
        kept = reply.get("datacontenttype")
        attributes |= {} if kept is None else {"datacontenttype": kept}
        draw_fields([(name, str(value)) for name, value in attributes.items()])
        print(f"\n{data_text(reply)}")


def _draw_content(content: Item) -> None:
    """Headers as on the wire, a blank line, the body."""
    for name, value in content["headers"]:
        print(printable(f"{name}: {value}"))
    body = {name.replace("body", "data"): content[name] for name in content if "body" in name}
    text = data_text(body)
    if text not in ("", "-"):
        print(f"\n{text}" if content["headers"] else text)
