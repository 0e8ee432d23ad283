"""An explanation for people: a clause a line, with what it saw and which decided. Pure."""

from collections.abc import Iterator
from typing import Any

from deploy.cli.client import Item, printable
from deploy.cli.story_text import saw

DECIDES = "  <- decides"


def explanation_lines(explanation: Item) -> Iterator[str]:
    matched, deciding = explanation["matched"], explanation["deciding"]
    of = ""
    if "trigger" in explanation:
        of = f" {explanation['trigger']} (revision {explanation['revision']})"
    yield f"it matches{of}" if matched else f"it does not match{of}"
    yield ""
    yield from _clause(explanation["clauses"], 0, deciding["path"], deciding["asks"])


def _clause(clause: Item, depth: int, deciding_path: str, deciding_asks: str) -> Iterator[str]:
    decides = (clause["path"], clause["asks"]) == (deciding_path, deciding_asks)
    text = f"{'  ' * depth}{_came_to(clause):<4} {clause['asks']}"
    is_leaf = not clause.get("parts")
    if is_leaf and clause["seen"]:
        text += f"  {saw(clause['seen'])}".rstrip()
    if depth == 0 or not is_leaf:
        text += f"  [{clause['path']}]" if ":" not in clause["path"] else ""
    yield printable(text) + (DECIDES if decides else "")
    for part in clause.get("parts", ()):
        yield from _clause(part, depth + 1, deciding_path, deciding_asks)


def _came_to(clause: Item) -> str:
    """yes or no; of a subexpression its value, or why it has none."""
    if not clause.get("was_asked", True):
        return "left out:"
    if clause.get("errors"):
        return f"error {', '.join(clause['errors'])}:"
    value: Any = clause.get("value")
    if value is None or isinstance(value, bool):
        return "yes" if clause["holds"] else "no"
    return f"{value!r} is"
