"""Which dead letters a command is about: ids, a query or a group; and how many those are."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

import typer

from broker.errors import Invalid
from deploy.cli.client import Admin, Item, full_name
from deploy.cli.output import Column, draw_table, number

LETTERS_MAX = 100_000
SHOWN_MAX = 5

IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]…", help="Dead letters by their ids.", show_default=False),
]
WhereOption = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="QUERY",
        help="Those that a query in CESQL matches, such as reason = 'attempts'.",
        show_default=False,
    ),
]
GroupOption = Annotated[
    str | None,
    typer.Option("--group", metavar="GROUP", help="Those of a group.", show_default=False),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the audit.")
]

BREAKDOWN = (
    Column("COUNT", "count", number, "right", whole=True),
    Column("REASON", "reason", whole=True),
    Column("GROUP", "group", whole=True),
    Column("TRIGGER", "trigger"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """`ids` as they were found, newest dead first; `items` only where they were looked for."""

    ids: tuple[str, ...]
    items: tuple[Item, ...] = ()


def choose_letters(
    client: Admin,
    state: str,
    ids: list[str] | None,
    where: str | None,
    group: str | None,
    broker: str | None,
) -> Choice:
    """Those in `state` that are meant. Raises Invalid where it is not said, or too many."""
    where = (where or "").strip()  # a script's empty variable asks for nothing, not for all
    if sum(1 for one in (ids, where, group) if one) != 1:
        raise Invalid("say which dead letters", remedy="give ids, or --where, or --group")
    if ids:
        return Choice(tuple(dict.fromkeys(ids)))
    # AND, OR and XOR bind alike in CESQL, from left to right: this holds of the whole query.
    asked = f"{where} AND state = '{state}'" if where else f"state = '{state}'"
    if group:
        asked += f" AND group = '{plain(group)}'"
    query = {"where": asked, "broker": full_name(broker) if broker else None}
    items = client.items("/dead-letters", query, LETTERS_MAX + 1)
    if len(items) > LETTERS_MAX:
        raise Invalid(f"more than {LETTERS_MAX:,} are meant", remedy="narrow it with --where")
    return Choice(tuple(str(item["id"]) for item in items), tuple(items))


def plain(group: str) -> str:
    """A group's id as it may stand in a query."""
    if not group.isalnum():
        raise Invalid(f"{group[:40]!r} is no group", remedy="headrace dead-letters lists them")
    return group


def draw_breakdown(choice: Choice) -> None:
    """The largest groups of what was found, and how many are in others."""
    counts = Counter(
        (item["reason"], item["group"], item["trigger"]) for item in choice.items
    ).most_common()
    rows = [
        {"count": count, "reason": reason, "group": group, "trigger": trigger}
        for (reason, group, trigger), count in counts[:SHOWN_MAX]
    ]
    if rest := sum(count for _, count in counts[SHOWN_MAX:]):
        rows.append({"count": rest, "reason": f"in {len(counts) - SHOWN_MAX} others"})
    draw_table(rows, BREAKDOWN)
