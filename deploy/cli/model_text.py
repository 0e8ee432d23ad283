"""A model sink for people: its calls, its variants, when it was away, how it failed."""

from collections.abc import Sequence
from typing import Any

from deploy.cli.client import Item
from deploy.cli.output import Column, draw_fields, draw_table, heading, moment, number, present


def precise(value: Any) -> str:
    """0.0123 s, 12 s"""
    return f"{value:,.4g} s" if isinstance(value, int | float) else str(value)


FIELDS = (
    Column("protocol", "protocol"),
    Column("url", "url"),
    Column("model", "model"),
    Column("calls in flight", "in_flight"),
    Column("a call takes", "calls.seconds", precise),
    Column("weights", "weights"),
)
VARIANTS = (
    Column("VARIANT", "name"),
    Column("WEIGHT", "weight", number, "right", whole=True),
    Column("STATE", "state", whole=True),
    Column("OK", "ok", number, "right", whole=True),
    Column("FAILED", "failed", number, "right", whole=True),
    Column("MEAN", "seconds_mean", precise, "right", whole=True),
    Column("P95 <", "seconds_p95", precise, "right", whole=True),
    Column("A CALL", "records", justify="right", whole=True),
    Column("SPLIT", "bisects", number, "right", whole=True),
    Column("COLD START", "cold_start_seconds", precise, "right", whole=True),
)
WHY = (Column("VARIANT", "name"), Column("WHY", "message"))
HOLDS = (
    Column("VARIANT", "variant"),
    Column("AWAY FROM", "began_at", moment, whole=True),
    Column("FOR", "seconds", precise, "right", whole=True),
    Column("WAKES", "wakes", number, "right", whole=True),
    Column("WHY", "message"),
)
ERRORS = (
    Column("VARIANT", "variant"),
    Column("CLASS", "class", whole=True),
    Column("COUNT", "count", number, "right", whole=True),
    Column("LAST", "at", moment, whole=True),
    Column("MESSAGE", "message"),
)


def draw_model(model: Item) -> None:
    """All of it below the fields of its sink."""
    calls = model["calls"]
    told = {
        **model,
        "in_flight": f"{calls['in_flight']} of {calls['limit']} now, {calls['most']} at most",
        "weights": weights_line(model["weights"]),
    }
    heading("model")
    draw_fields(present(told, FIELDS))
    print()
    rows = [{**one, "records": _records(one)} for one in model["variants"]]
    draw_table(rows, _without_names(rows, VARIANTS))
    _section("paused until its weight is set again, or it is configured anew", _stopped(rows), WHY)
    _section("away", model["holds"], HOLDS)
    _section("errors by class", model["errors"], ERRORS)


def _stopped(variants: Sequence[Item]) -> Sequence[Item]:
    return [one for one in variants if one.get("message")]


def weights_line(weights: Item | None) -> str | None:
    """`stable=90 canary=10 (set 2, by ci)`"""
    return None if weights is None else set_line(weights["now"])


def set_line(one: Item) -> str:
    shares = " ".join(f"{name}={weight}" for name, weight in one["weights"].items())
    again = f", as set {one['restores']}" if one.get("restores") else ""
    return f"{shares} (set {one['set']}{again}, by {one['by']})"


def _records(variant: Item) -> str:
    """Records of a call: the mean, and how many there may be now."""
    mean, limit = variant["records_mean"], variant["records_limit"]
    return f"{mean:,.1f} of {limit}" if variant["records_most"] > 1 else "1"


def _section(title: str, rows: Sequence[Item], columns: Sequence[Column]) -> None:
    if rows:
        heading(title)
        draw_table(rows, _without_names(rows, columns))


def _without_names(rows: Sequence[Item], columns: Sequence[Column]) -> Sequence[Column]:
    """Without the column of variants where there is only one, which has no name."""
    named = any(row.get("name") or row.get("variant") for row in rows)
    return columns if named else [one for one in columns if one.title not in ("VARIANT", "WEIGHT")]
