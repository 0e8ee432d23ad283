"""`headrace dead-letters redrive | discard | restore`."""

import sys
from typing import Annotated

import typer

from broker.errors import Invalid
from deploy.cli.asking import confirm
from deploy.cli.client import Item
from deploy.cli.dead_letter_choice import (
    Choice,
    GroupOption,
    IdsArgument,
    ReasonOption,
    WhereOption,
    choose_letters,
    draw_breakdown,
)
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    Chosen,
    Output,
    OutputOption,
    TokenOption,
    YesOption,
    choose,
)
from deploy.cli.output import Column, counted, draw_table, show_answer, write_data
from deploy.cli.progress import Progress
from deploy.cli.redriving import Redriving, Tally, act_in_slices

REFUSED_SHOWN_MAX = 20
REFUSED = (Column("REFUSED", "id", whole=True), Column("WHY", "text"))


def redrive(
    context: typer.Context,
    ids: IdsArgument = None,
    where: WhereOption = None,
    group: GroupOption = None,
    rate: Annotated[
        float, typer.Option("--rate", min=0.1, max=10_000, metavar="N", help="So many a second.")
    ] = 50.0,
    wait: Annotated[
        float,
        typer.Option(
            "--wait",
            min=0,
            max=86_400,
            metavar="SECONDS",
            help="Follow them until so long nothing has changed; 0 does not.",
        ),
    ] = 60.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is meant.")] = False,
    yes: YesOption = False,
    reason: ReasonOption = "",
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Deliver dead letters again, and follow each until it is delivered or dead again.

    One leaves the desk only when its sink has taken it. Asks first where it looked for them.

    \b
    Examples:
      headrace dead-letters redrive --where "reason = 'attempts'" --dry-run
      headrace dead-letters redrive --where "trigger = 'classify'" --rate 20 --yes
    """
    chosen = choose(context, admin, token, output)
    client = chosen.client()
    choice = choose_letters(client, "dead", ids, where, group, broker)
    if _shown(chosen, choice, "redrive", dry_run):
        return
    if choice.items:
        confirm(f"redrive {counted(len(choice.ids), 'dead letter')}, {rate:g} a second?", yes)
    try:
        tally = _send(Redriving(client, rate, wait), choice, reason, follow=wait > 0)
    except KeyboardInterrupt:
        print(
            "stopped: what was sent back goes on (list --where \"state = 'redriving'\"), "
            "the rest is dead as before",
            file=sys.stderr,
        )
        raise
    _tell(chosen, "redriven", tally, tally.answer())


def _send(redriving: Redriving, choice: Choice, reason: str, follow: bool) -> Tally:
    with Progress(len(choice.ids), "redriving") as progress:
        tally = redriving.send(choice.ids, reason, progress)
    tally.under_way = len(tally.moved)
    if follow:
        with Progress(len(tally.moved), "settling") as progress:
            redriving.follow(tally, progress)
    return tally


def discard(
    context: typer.Context,
    reason: ReasonOption,
    ids: IdsArgument = None,
    where: WhereOption = None,
    group: GroupOption = None,
    count: Annotated[
        int | None,
        typer.Option("--count", metavar="N", help="How many are meant, instead of being asked."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is meant.")] = False,
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Give dead letters up: they can be restored for seven days, and then are gone.

    Asks for their number to be typed.

    \b
    Examples:
      headrace dead-letters discard --where "trigger = 'classify'" --reason "tests" --dry-run
      headrace dead-letters discard --where "type = 'test'" --count 0 --reason "tests"
    """
    chosen = choose(context, admin, token, output)
    client = chosen.client()
    choice = choose_letters(client, "dead", ids, where, group, broker)
    if _shown(chosen, choice, "discard", dry_run):
        return
    typed = _typed_count(choice) if count is None else count
    if typed != len(choice.ids):
        raise Invalid(
            f"{len(choice.ids)} are meant, not {typed}: nothing was done",
            code="count-differs",
            remedy="look at them with --dry-run",
        )
    with Progress(len(choice.ids), "discarding") as progress:
        tally = act_in_slices(client, "discard", choice.ids, {"reason": reason}, progress)
    _tell(chosen, "discarded", tally)


def restore(
    context: typer.Context,
    ids: IdsArgument = None,
    where: WhereOption = None,
    group: GroupOption = None,
    reason: ReasonOption = "",
    broker: BrokerOption = None,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """Take discarded dead letters out of the bin again.

    \b
    Example:
      headrace dead-letters restore --where "trigger = 'classify'"
    """
    chosen = choose(context, admin, token, output)
    client = chosen.client()
    choice = choose_letters(client, "discarded", ids, where, group, broker)
    with Progress(len(choice.ids), "restoring") as progress:
        tally = act_in_slices(client, "restore", choice.ids, {"reason": reason}, progress)
    _tell(chosen, "restored", tally)


def _shown(chosen: Chosen, choice: Choice, verb: str, dry_run: bool) -> bool:
    """Show what is meant; True where that was all, or there is nothing to do."""
    is_all = dry_run or not choice.ids
    if chosen.format is not Output.TABLE:
        if is_all:
            write_data({"count": len(choice.ids), "ids": list(choice.ids)}, chosen.format)
        return is_all
    if choice.items:
        draw_breakdown(choice)
    if is_all:
        print(f"{counted(len(choice.ids), 'dead letter')} to {verb}; nothing was done")
    return is_all


def _typed_count(choice: Choice) -> int:
    """The number that whoever sits there types. Raises Invalid where nobody does."""
    question = f"{len(choice.ids):,} are meant; type their number to discard them: "
    if not sys.stdin.isatty():
        raise Invalid(question.rstrip(": "), code="not-confirmed", remedy="say it with --count N")
    print(question, end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline().strip().replace(",", "")
    return int(typed) if typed.isdecimal() else -1


def _tell(chosen: Chosen, done: str, tally: Tally, answer: Item | None = None) -> None:
    """What was done; ends with 1 where something was refused or has failed again."""
    plain = {"count": len(tally.moved), "refused": tally.refused}
    show_answer(answer or plain, chosen.format, lambda _: _draw(done, tally))
    if tally.refused or tally.failed_again:
        raise typer.Exit(1)


def _draw(done: str, tally: Tally) -> None:
    print(_sentence(done, tally))
    if tally.refused:
        draw_table(tally.refused[:REFUSED_SHOWN_MAX], REFUSED)
        if (more := len(tally.refused) - REFUSED_SHOWN_MAX) > 0:
            print(f"and {more:,} more; -o json has all")


def _sentence(done: str, tally: Tally) -> str:
    parts = [f"{len(tally.moved):,} {done}"]
    for number, what in (
        (tally.delivered, "delivered"),
        (tally.failed_again, "failed again"),
        (tally.under_way, "still on their way (list --where \"state = 'redriving'\")"),
        (tally.other, "gone meanwhile"),
        (len(tally.refused), "refused"),
    ):
        if number:
            parts.append(f"{number:,} {what}")
    return ", ".join(parts)
