"""What differs between two events, for people."""

from typing import Any

from deploy.cli.client import Item
from deploy.cli.output import Column, draw_table, heading


def draw_differences(told: Item, this: str, other: str) -> None:
    """Two tables, attributes and data, with the columns called `this` and `other`."""
    data: dict[str, Any] = told.get("data") or {}
    sides = (Column(this, "this", width_wanted=30), Column(other, "other", width_wanted=30))
    if told["attributes"]:
        heading("attributes")
        draw_table(told["attributes"], (Column("NAME", "name", whole=True), *sides))
    if data.get("rows"):
        heading("data")
        draw_table(data["rows"], (Column("WHERE", "path", width_wanted=24), *sides))
        if data["is_cut"]:
            print("and more; -o json has as many as there is room for")
    elif data and not data["is_same"]:
        heading("data")
        print("differs, and is not JSON on both sides")
