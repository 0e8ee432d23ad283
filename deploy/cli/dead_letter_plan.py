"""A plan as people read it: how many of which groups, how long it takes, what to know before."""

import sys
from datetime import timedelta

from deploy.cli.client import Item, printable
from deploy.cli.options import Chosen, Output
from deploy.cli.output import Column, counted, draw_table, elapsed, number, size, write_data

SHOWN_MAX = 5

AGES = (
    ("hour", "from the last hour"),
    ("day", "from the last day"),
    ("week", "from the last week"),
    ("older", "older"),
)
BREAKDOWN = (
    Column("COUNT", "count", number, "right", whole=True),
    Column("REASON", "reason", whole=True),
    Column("STATUS", "status", whole=True),
    Column("GROUP", "group", whole=True),
    Column("TRIGGER", "trigger"),
)


def show_plan(chosen: Chosen, plan: Item, dry_run: bool) -> bool:
    """Show what is meant; True where that was all, or there is nothing to do."""
    is_all = dry_run or not plan["count"]
    if chosen.format is not Output.TABLE:
        if is_all:
            write_data({"plan": plan, "job": None}, chosen.format)
        return is_all
    draw_plan(plan)
    if is_all:
        print(f"{counted(plan['count'], 'dead letter')} to {plan['verb']}; nothing was done")
        if plan["count"]:
            print(f"within an hour this is plan {plan['id']}", file=sys.stderr)
    return is_all


def draw_plan(plan: Item) -> None:
    """The largest groups of what was found, how many are in others, and the warnings."""
    for one in plan["warnings"]:
        said = f": {printable(one['message'])}" if one.get("message") else ""
        print(f"warning: {printable(one['text'])}{said}", file=sys.stderr)
    if not plan["count"]:
        return
    rows = [dict(one) for one in plan["by_group"][:SHOWN_MAX]]
    if rest := plan["count"] - sum(one["count"] for one in rows):
        rows.append({"count": rest, "reason": f"in {plan['groups'] - len(rows)} others"})
    draw_table(rows, BREAKDOWN)
    ages = ", ".join(
        f"{plan['by_age'][age]:,} {words}" for age, words in AGES if plan["by_age"].get(age)
    )
    print(f"{counted(plan['count'], 'dead letter')}, {size(plan['bytes'])} of events: {ages}")
    if plan["seconds"] is not None:
        takes = elapsed(timedelta(seconds=plan["seconds"]))
        print(f"at {plan['rate']:g} a second it takes {takes}")
