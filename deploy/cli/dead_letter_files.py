"""`headrace dead-letters export` and `import`."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NoReturn

import typer

from broker.errors import Invalid
from deploy.cli.asking import confirm
from deploy.cli.client import Admin, Item, full_name, printable
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
    Output,
    OutputOption,
    ReasonOption,
    TokenOption,
    YesOption,
    choose,
)
from deploy.cli.output import Column, counted, draw_table, number, show_answer, size
from deploy.cli.progress import Progress

EVERYTHING = "TRUE"  # as a query
LINES_MAX = 500
SLICE_BYTES_MAX = 900 * 1024  # written as JSON: what the admin listener takes is 1 MiB
MISTAKES_SHOWN_MAX = 20
AGAIN_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
NOT_NOW = ("overloaded", "rate-limited", "store-full", "backlog-full")
MISTAKES = (
    Column("LINE", "line", number, "right", whole=True),
    Column("CODE", "code", whole=True),
    Column("WHAT", "what"),
)
TYPES = (Column("EVENTS", "count", number, "right", whole=True), Column("TYPE", "type"))


class Format(StrEnum):
    NDJSON = "ndjson"
    BATCH = "batch"


FormatOption = Annotated[
    Format, typer.Option("--format", help="A line each with its evidence, or a CloudEvents batch.")
]
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Lines of an export, or one event a line.")
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
    written = Written()
    query = {"plan": planned["id"], "format": format.value}
    client.download("/dead-letters/export", query, written.write)
    sys.stdout.buffer.flush()
    if format is Format.NDJSON and written.lines < planned["count"]:
        missing = planned["count"] - written.lines
        print(f"{missing:,} of them were forgotten since the plan was made", file=sys.stderr)


@dataclass
class Written:
    """What went to stdout."""

    lines: int = 0

    def write(self, piece: bytes) -> None:
        sys.stdout.buffer.write(piece)
        self.lines += piece.count(b"\n")


def tell_plan(plan: Item) -> None:
    """On stderr: stdout is the file."""
    for one in plan["warnings"]:
        print(f"warning: {printable(one['text'])}", file=sys.stderr)
    many = f"{counted(plan['count'], 'dead letter')}, {size(plan['bytes'])} of events"
    print(f"{many}: plan {plan['id']}", file=sys.stderr)


@dataclass
class Tally:
    """What the answers to all slices come to."""

    events: int = 0
    bytes: int = 0
    refused: int = 0
    types: Counter[str] = field(default_factory=Counter)
    mistakes: list[Item] = field(default_factory=list)

    def add(self, answer: Item) -> None:
        self.events += answer["events"]
        self.bytes += answer["bytes"]
        self.refused += answer["refused"]
        self.types.update(answer["by_type"])
        self.mistakes += answer["mistakes"]

    def answer(self, name: str, dry_run: bool) -> Item:
        return {
            "name": name,
            "dry_run": dry_run,
            "events": self.events,
            "bytes": self.bytes,
            "refused": self.refused,
            "by_type": dict(self.types),
            "mistakes": self.mistakes[:MISTAKES_SHOWN_MAX],
        }


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

    Looks at all lines first and asks. The same file twice within the broker's dedupe window
    publishes nothing twice.

    \b
    Examples:
      headrace dead-letters import events.ndjson --dry-run
      headrace dead-letters import events.ndjson --yes --reason "the new broker"
    """
    chosen = choose(context, admin, token, output)
    name = name_of(file)
    body = {"name": name, "broker": full_name(broker) if broker else None, "reason": reason}
    looked = _send(chosen.client(), file, {**body, "dry_run": True}, "looking")
    if chosen.format is Output.TABLE:
        _draw_plan(looked)
    if dry_run or not looked.events:
        show_answer(looked.answer(name, True), chosen.format, lambda _: print("nothing was done"))
        return
    confirm(f"publish {counted(looked.events, 'event')} again?", yes)
    done = _send(chosen.client(), file, body, "publishing")
    show_answer(done.answer(name, False), chosen.format, _draw_done)
    if done.refused:
        raise typer.Exit(1)


def _draw_plan(looked: Tally) -> None:
    rows = [{"type": name, "count": count} for name, count in looked.types.most_common(5)]
    if rows:
        draw_table(rows, TYPES)
    print(f"{counted(looked.events, 'event')}, {size(looked.bytes)}")
    if looked.refused:
        print(f"{counted(looked.refused, 'line')} in mistake, to be left out")
        draw_table(looked.mistakes[:MISTAKES_SHOWN_MAX], MISTAKES)


def _draw_done(done: Item) -> None:
    print(f"{counted(done['events'], 'event')} published, {done['refused']:,} left out")


def name_of(file: Path) -> str:
    """The same for the same content, so that a repeat is known as one."""
    digest = blake2b(digest_size=16)
    try:
        with file.open("rb") as content:
            while piece := content.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        _unreadable(file, error)
    return digest.hexdigest()


def _send(client: Admin, file: Path, body: dict[str, Any], what: str) -> Tally:
    tally = Tally()
    try:
        with file.open("rb") as content, Progress(None, what) as progress:
            for first_line, lines in slices(content, tally):
                asked = {**body, "lines": lines, "first_line": first_line}
                tally.add(_patiently(client, asked))
                progress.advance(len(lines))
    except OSError as error:
        _unreadable(file, error)
    return tally


def _patiently(client: Admin, body: dict[str, Any]) -> Item:
    """Ask again while the broker takes nothing; a slice that was taken is known as a repeat."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return client.post("/dead-letters/import", body)
        except Invalid as error:
            if error.code not in NOT_NOW or time.monotonic() > until:
                raise
        time.sleep(AGAIN_SECONDS)


def slices(content: BinaryIO, tally: Tally) -> Iterator[tuple[int, list[str]]]:
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
            tally.add(mistake(line_number, "bad-encoding", "the line is no UTF-8"))
        if written_bytes > SLICE_BYTES_MAX:
            what = f"the line is larger than {SLICE_BYTES_MAX // 1024} KiB: send it to the ingress"
            tally.add(mistake(line_number, "too-large", what))
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


def mistake(line: int, code: str, what: str) -> Item:
    told = {"line": line, "code": code, "what": what}
    return {"events": 0, "bytes": 0, "refused": 1, "by_type": {}, "mistakes": [told]}


def _unreadable(file: Path, error: OSError) -> NoReturn:
    raise Invalid(f"{file} cannot be read: {error.strerror}", remedy="name a file") from error
