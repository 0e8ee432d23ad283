"""Changes of a configuration as people read them: a table, and what each means."""

from typing import Any

from deploy.cli.client import Item
from deploy.cli.options import Output
from deploy.cli.output import Column, draw_table, write_data

COLUMNS = (
    Column("CHANGE", "change", whole=True),
    Column("KIND", "kind", whole=True),
    Column("NAME", "name", width_wanted=20),
    Column("FIELDS", "paths", width_wanted=16),
    Column("MEANS", "meaning", width_wanted=36),
)


def show_changes(changes: list[Item], output: Output, nothing: str) -> None:
    """A table, or `nothing` where there is none."""
    if output is not Output.TABLE:
        write_data(changes, output)
    elif not changes:
        print(nothing)
    else:
        draw_table([_row(change) for change in changes], COLUMNS)


def _row(change: Item) -> dict[str, Any]:
    paths = ", ".join(str(one["path"]) for one in change["fields"])
    return {**change, "paths": paths, "meaning": "; ".join(change["means"])}
