"""`headrace dead-letters import`."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NoReturn

import typer

from broker.errors import Invalid
from deploy.cli.asking import confirm
from deploy.cli.client import Admin, Item, full_name, in_path, printable
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    Output,
    OutputOption,
    ReasonOption,
    TokenOption,
    YesOption,
    choose,
)
from deploy.cli.output import Column, counted, draw_table, number, show_answer, size
from deploy.cli.progress import Progress

LINES_MAX = 500
SLICE_BYTES_MAX = 900 * 1024  # written as JSON: what the admin listener takes is 1 MiB
MISTAKES_SHOWN_MAX = 20
AGAIN_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
NOT_NOW = ("overloaded", "rate-limited", "store-full", "backlog-full")
IMPORTS = "/dead-letters/imports"
MISTAKES = (
    Column("LINE", "line", number, "right", whole=True),
    Column("CODE", "code", whole=True),
    Column("WHAT", "what"),
)
TYPES = (Column("EVENTS", "count", number, "right", whole=True), Column("TYPE", "type"))
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Lines of an export, or one event a line.")
]


@dataclass
class Slicing:
    """The lines of a file that no request could hold; of the mistakes the first."""

    refused: int = 0
    mistakes: list[Item] = field(default_factory=list)

    def leave_out(self, line: int, code: str, what: str) -> None:
        self.refused += 1
        if len(self.mistakes) < MISTAKES_SHOWN_MAX:
            self.mistakes.append({"line": line, "code": code, "what": what})

    def beside(self, plan: Item) -> Item:
        """`plan` with these: the listener has seen them as blank lines."""
        mistakes = sorted(plan["mistakes"] + self.mistakes, key=lambda one: int(one["line"]))
        refused = plan["refused"] + self.refused
        return {**plan, "refused": refused, "mistakes": mistakes[:MISTAKES_SHOWN_MAX]}


def import_file(
    context: typer.Context,
    file: FileArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look at the lines.")] = False,
    yes: YesOption = False,
    reason: ReasonOption = "",
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Publish the events of an export to the broker again, for all its triggers.

    Looks at all lines first, says what they come to, and asks. Only what was looked at is
    published. The same file twice within the broker's dedupe window publishes nothing twice.

    \b
    Examples:
      headrace dead-letters import events.ndjson --dry-run
      headrace dead-letters import events.ndjson --yes --reason "the new broker"
    """
    chosen = choose(context, admin, token, output)
    client = chosen.client()
    plan = look(client, file, full_name(broker) if broker else None)
    if chosen.format is Output.TABLE:
        _draw_plan(plan)
    if dry_run or not plan["events"]:
        told = {"plan": plan, "dry_run": True}
        show_answer(told, chosen.format, lambda _: print("nothing was done"))
        return
    confirm(
        f"publish {counted(plan['events'], 'event')} to every trigger of"
        f" {printable(plan['broker'])} that matches?",
        yes,
    )
    plan = publish(client, file, plan, reason)
    show_answer({"plan": plan, "dry_run": False}, chosen.format, _draw_done)
    if plan["refused"]:
        raise typer.Exit(1)


def _draw_plan(plan: Item) -> None:
    for one in plan["warnings"]:
        print(f"warning: {printable(one['text'])}", file=sys.stderr)
    types = list(plan["by_type"].items())[:5]
    if types:
        draw_table([{"type": name, "count": count} for name, count in types], TYPES)
    many = f"{counted(plan['events'], 'event')}, {size(plan['bytes'])}"
    print(f"{many}, for {printable(plan['broker'])}")
    if plan["refused"]:
        print(f"{counted(plan['refused'], 'line')} in mistake, to be left out")
        draw_table(plan["mistakes"], MISTAKES)


def _draw_done(told: Item) -> None:
    plan = told["plan"]
    known = f"; {plan['known']:,} had been published before" if plan["known"] else ""
    new = counted(plan["published"] - plan["known"], "event")
    print(f"{new} published, {plan['refused']:,} left out{known}")


def look(client: Admin, file: Path, broker: str | None) -> Item:
    """What all lines of `file` come to; nothing is published."""
    slicing = Slicing()
    plan: Item = {}
    for first_line, lines in _slices_of(file, slicing, "looking"):
        asked = {"lines": lines, "first_line": first_line}
        asked |= {"plan": plan["id"]} if plan else {"broker": broker} if broker else {}
        plan = _patiently(client, IMPORTS, asked)
    if not plan:
        raise Invalid(f"{file} has no lines", remedy="give an export, or one event a line")
    return slicing.beside(plan)


def publish(client: Admin, file: Path, plan: Item, reason: str) -> Item:
    """The plan when all lines are published that were looked at."""
    slicing = Slicing()
    act = f"{IMPORTS}/{in_path(plan['id'])}/act"
    for first_line, lines in _slices_of(file, slicing, "publishing"):
        asked = {"lines": lines, "first_line": first_line, "reason": reason}
        plan = _patiently(client, act, asked)["plan"]
    return slicing.beside(plan)


def _slices_of(file: Path, slicing: Slicing, what: str) -> Iterator[tuple[int, list[str]]]:
    try:
        with file.open("rb") as content, Progress(None, what) as progress:
            for first_line, lines in slices(content, slicing):
                yield first_line, lines
                progress.advance(len(lines))
    except OSError as error:
        _unreadable(file, error)


def _patiently(client: Admin, path: str, body: dict[str, Any]) -> Item:
    """Ask again while the broker takes nothing; a slice that was taken is known as a repeat."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return client.post(path, body)
        except Invalid as error:
            if error.code not in NOT_NOW or time.monotonic() > until:
                raise
        time.sleep(AGAIN_SECONDS)


def slices(content: BinaryIO, slicing: Slicing) -> Iterator[tuple[int, list[str]]]:
    """(number of the first line, lines), each slice within what a request may hold.

    A line that is larger than a request is in mistake, as is one that is no UTF-8.
    """
    lines: list[str] = []
    first_line, size_bytes = 1, 0
    for line_number, line in enumerate(bounded_lines(content), 1):
        text, written_bytes = "", 3
        try:
            text = line.decode()
            written_bytes = len(json.dumps(text)) + 1
        except UnicodeDecodeError:
            slicing.leave_out(line_number, "bad-encoding", "the line is no UTF-8")
        if written_bytes > SLICE_BYTES_MAX:
            what = f"the line is larger than {SLICE_BYTES_MAX // 1024} KiB: send it to the ingress"
            slicing.leave_out(line_number, "too-large", what)
            text, written_bytes = "", 3
        if lines and (len(lines) == LINES_MAX or size_bytes + written_bytes > SLICE_BYTES_MAX):
            yield first_line, lines
            first_line, lines, size_bytes = line_number, [], 0
        lines.append(text)
        size_bytes += written_bytes
    if lines:
        yield first_line, lines


def bounded_lines(content: BinaryIO) -> Iterator[bytes]:
    """Its lines; of one that is too large only as much as says so."""
    while line := content.readline(SLICE_BYTES_MAX + 1):
        whole = line
        while line and not line.endswith(b"\n"):
            line = content.readline(SLICE_BYTES_MAX)
        yield whole


def _unreadable(file: Path, error: OSError) -> NoReturn:
    raise Invalid(f"{file} cannot be read: {error.strerror}", remedy="name a file") from error
