"""`headrace dead-letters show ID`, `dead-letters why ID`."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from deploy.cli.client import Item, in_path, printable
from deploy.cli.explanation_text import explanation_lines
from deploy.cli.options import AdminOption, OutputOption, TokenOption, choose
from deploy.cli.output import (
    Column,
    counted,
    draw_fields,
    draw_table,
    heading,
    moment,
    number,
    present,
    seconds,
    show_answer,
)
from deploy.cli.payload import HIDDEN, data_text, shortened

FIELDS = (
    Column("dead letter", "id"),
    Column("state", "state"),
    Column("reason", "reason"),
    Column("class", "class"),
    Column("status", "status"),
    Column("message", "message"),
    Column("trigger", "trigger"),
    Column("sink", "sink"),
    Column("broker", "broker"),
    Column("group", "group"),
    Column("attempts", "attempts", number),
    Column("redrives", "redrives", number),
    Column("under way in redrive", "job"),
    Column("deadLetterSink", "forwarded"),
    Column("stored at", "stored_at", moment),
    Column("first attempt", "first_at", moment),
    Column("dead at", "dead_at", moment),
    Column("kept until", "purge_at", moment),
    Column("last moved by", "moved.by"),
    Column("saying", "moved.message"),
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
ELSEWHERE = Column("SINK", "sink")
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id.")]


def show(
    context: typer.Context,
    id: IdArgument,
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
    show_answer(letter, chosen.format, _draw)


def _draw(letter: Item) -> None:
    draw_fields(present(letter, FIELDS))
    _draw_attempts(letter)
    _draw_event(letter.get("event") or {})


def why(
    context: typer.Context,
    id: IdArgument,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Tell why a delivery was given up: what matched it, each attempt, what is so today.

    \b
    Example:
      headrace dead-letters why 3nq6u7a2w4c5d6e7
    """
    chosen = choose(context, admin, token, output)
    letter = chosen.client().get(f"/dead-letters/{in_path(id)}/why")
    show_answer(letter, chosen.format, _draw_why)


def _draw_why(letter: Item) -> None:
    for line in why_lines(letter):
        print(printable(line))
    _draw_attempts(letter)
    for title, told in (("the filter then", letter["then"]), ("the filter now", letter["today"])):
        if told and told.get("filter"):
            heading(title)
            for line in explanation_lines(told["filter"]):
                print(line)


def why_lines(letter: Item) -> Iterator[str]:
    """The sentences; what they rest on comes below them."""
    then, today = letter["then"], letter["today"]
    who = f", published by {then['principal']}" if then["in_log"] else ""
    yield f"stored at {moment(letter['stored_at'])} as offset {letter['offset']:,}{who}"
    if cause := then["cause"]:
        yield f"a reply of {cause['trigger']} to offset {cause['offset']:,}"
    yield f"routed to {letter['trigger']} by revision {then['revision'] or 'unknown'}"
    yield (
        f"given up at {moment(letter['dead_at'])} after {counted(letter['attempts'], 'attempt')}:"
        f" {letter['reason']}, {HIDDEN if letter['message'] is None else letter['message']}"
    )
    if letter["redrives"]:
        yield f"redriven {counted(letter['redrives'], 'time')}; it is {letter['state']}"
    if letter["state"] == "delivered" and letter["moved"]["message"]:
        yield letter["moved"]["message"]
    yield from _today(today)


def _today(today: Item | None) -> Iterator[str]:
    if today is None:
        yield "today its trigger is not configured: it cannot be redriven"
        return
    verdict = "would match it" if today["matches"] else "would not match it (a redrive goes anyway)"
    paused = ", paused" if today["is_paused"] else ""
    yield f"today revision {today['revision']} of the trigger{paused} {verdict}"
    yield f"its sink {today['sink']} is {today['sink_state']}"


def _draw_attempts(letter: Item) -> None:
    attempts: list[dict[str, Any]] = letter.get("attempts_detail") or []
    if not attempts:
        return
    heading("attempts")
    is_elsewhere = any(one.get("sink") for one in attempts)
    draw_table(attempts, (*ATTEMPTS, ELSEWHERE) if is_elsewhere else ATTEMPTS)
    if attempts[-1].get("data_hidden"):
        heading("the last answer")
        print(HIDDEN)
    elif attempts[-1].get("body"):
        heading("the last answer")
        print(shortened(str(attempts[-1]["body"])))


def _draw_event(event: dict[str, Any]) -> None:
    attributes = event.get("attributes")
    if not isinstance(attributes, dict):
        attributes = {
            name: value
            for name, value in event.items()
            if name not in {"data", "data_base64", "data_hidden"}
        }
    heading("event")
    draw_fields([(name, str(value)) for name, value in attributes.items()])
    heading("data")
    print(data_text(event))
