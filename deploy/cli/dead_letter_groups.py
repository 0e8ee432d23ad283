"""`headrace dead-letters` by itself (groups), and what is said of a group."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from broker.errors import Invalid
from deploy.cli.client import Item, full_name, in_path
from deploy.cli.completing import offering
from deploy.cli.grouping import Verb
from deploy.cli.options import (
    AdminOption,
    BrokerOption,
    LimitOption,
    Output,
    OutputOption,
    ReasonOption,
    TokenOption,
    choose,
)
from deploy.cli.output import Column, age, number, show_items
from deploy.cli.sparkline import sparkline

DAY_COLUMNS = 8
GROUPS_MAX = 1_000


class Sorting(StrEnum):
    """By what groups are listed, the most of it first."""

    LAST = "last"
    FIRST = "first"
    COUNT = "count"
    STATE = "state"


def day(hourly: Sequence[int]) -> str:
    """The last 24 hours, three a column."""
    return sparkline(hourly, DAY_COLUMNS)


GROUPS = (
    Column("GROUP", "id", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
    Column("STATE", "shown_state", whole=True),
    Column("OWNER", "owner", width_wanted=8),
    Column("REASON", "reason", whole=True),
    Column("LAST", "last_at", age, "right", whole=True),
    Column("24 HOURS", "hourly", day, whole=True),
    Column("TRIGGER", "trigger", width_wanted=9),
    Column("WHAT", "pattern"),
)

GroupsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="GROUP…",
        help="Groups, as headrace dead-letters lists them.",
        autocompletion=offering("/dead-letter-groups", "pattern"),
    ),
]
NoteOption = Annotated[
    str | None,
    typer.Option("--note", metavar="TEXT", help="What is known of it; empty takes it away."),
]
OwnerOption = Annotated[
    str | None, typer.Option("--owner", metavar="WHO", help="Who looks after it; empty is nobody.")
]
StateOption = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="STATE",
        help="Only groups that are open, acknowledged, resolved or ignored.",
    ),
]

TriggerOption = Annotated[
    str | None,
    typer.Option(
        "--trigger",
        metavar="NAME",
        help="Only of this trigger.",
        autocompletion=offering("/triggers", "state", "name"),
    ),
]
SortOption = Annotated[
    Sorting, typer.Option("--sort", help="By when last or first seen, by count, or by state.")
]


def groups(
    context: typer.Context,
    state: StateOption = None,
    trigger: TriggerOption = None,
    broker: BrokerOption = None,
    sort: SortOption = Sorting.LAST,
    limit: LimitOption = GROUPS_MAX,
    admin: AdminOption = None,
    token: TokenOption = None,
    output: OutputOption = None,
) -> None:
    """List what could not be delivered, grouped by failures that are alike, newest first.

    A resolved group that fails again is open again, and says regressed.

    \b
    Examples:
      headrace dead-letters
      headrace dead-letters --state open --sort count
      headrace dead-letters list --trigger classify --limit 10
      headrace dead-letters why 3nq6u7a2w4c5d6e7
      headrace dead-letters redrive --where "reason = 'attempts'" --dry-run
    """
    chosen = choose(context, admin, token, output)
    if context.invoked_subcommand is None:
        query = {
            "state": state,
            "trigger": full_name(trigger) if trigger else None,
            "broker": full_name(broker) if broker else None,
            "sort": sort.value,
        }
        found = chosen.client().items("/dead-letter-groups", query, limit)
        show_items(with_state(found, chosen.format), GROUPS, chosen.format, "dead letters")


def with_state(items: list[Item], output: Output) -> list[Item]:
    """For people, an open group that was resolved before is `regressed`."""
    if output is not Output.TABLE:
        return items
    return [
        {**item, "shown_state": "regressed" if is_back(item) else item.get("state")}
        for item in items
    ]


def is_back(item: Item) -> bool:
    return bool(item.get("is_regressed")) and item.get("state") == "open"


def _verb(name: str, help: str, example: str) -> Verb:
    """The command that says `name` of groups."""

    def say(
        context: typer.Context,
        ids: GroupsArgument,
        note: NoteOption = None,
        owner: OwnerOption = None,
        reason: ReasonOption = "",
        admin: AdminOption = None,
        token: TokenOption = None,
        output: OutputOption = None,
    ) -> None:
        chosen = choose(context, admin, token, output)
        if name == "note" and note is None and owner is None:
            raise Invalid("there is nothing to note", remedy="say --note TEXT, --owner WHO or both")
        body = {"note": note, "owner": owner, "reason": reason}
        client = chosen.client()
        found = [client.post(f"/dead-letter-groups/{in_path(one)}/{name}", body) for one in ids]
        show_items(with_state(found, chosen.format), GROUPS, chosen.format, "groups")

    say.__doc__ = f"{help}\n\n\b\nExample:\n  {example}\n"
    return say


COMMAND = "headrace dead-letters"
GROUP = "abcdefgh12345678"
VERBS: dict[str, Verb] = {
    "acknowledge": _verb(
        "acknowledge",
        "Say that somebody looks after a group.",
        f"{COMMAND} acknowledge {GROUP} --owner ann",
    ),
    "resolve": _verb(
        "resolve",
        "Say that the cause of a group is mended; another failure opens it again.",
        f'{COMMAND} resolve {GROUP} --note "rolled back"',
    ),
    "ignore": _verb(
        "ignore",
        "Say that nothing is to be done about a group, whatever comes.",
        f'{COMMAND} ignore {GROUP} --reason "test data"',
    ),
    "reopen": _verb(
        "reopen", "Take back what was said of a group's state.", f"{COMMAND} reopen {GROUP}"
    ),
    "note": _verb(
        "note",
        "Write a note at a group, or who owns it.",
        f'{COMMAND} note {GROUP} --note "since the new model" --owner ann',
    ),
}
