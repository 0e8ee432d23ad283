"""What a query may name, and the value that each name has for a dead letter.

All values are as CESQL knows them: text, integers, and times as milliseconds. A name
without a value is missing, and whatever compares it does not match.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from broker.clock import to_milliseconds
from broker.storage.rows import DeadLetter
from triggers.filters.cesql.values import Value
from triggers.where.pointer import json_of, point

OWN: Final = "ce."  # before the name of an event's attribute that the desk has too
DATA: Final = "data:"  # before a pointer; no text of a query can spell such a name
SYNTAX: Final = re.compile(r"(?:ce\.)?[a-z0-9]+|dead_at|first_at|stored_at")

DESK_VALUES: Final[Mapping[str, Callable[[DeadLetter], Value | None]]] = {
    "reason": lambda letter: letter.reason,
    "status": lambda letter: letter.status,
    "class": lambda letter: letter.outcome_class,
    "attempts": lambda letter: letter.attempt_count,
    "trigger": lambda letter: letter.place.trigger,
    "sink": lambda letter: letter.sink,
    "broker": lambda letter: letter.broker,
    "group": lambda letter: letter.group,
    "state": lambda letter: letter.state.value,
    "size": lambda letter: letter.event.size_bytes,
    "dead_at": lambda letter: to_milliseconds(letter.dead_at),
    "first_at": lambda letter: to_milliseconds(letter.first_at),
    "stored_at": lambda letter: to_milliseconds(letter.stored_at),
}
TIMES: Final = frozenset({"dead_at", "first_at", "stored_at"})
NAMESPACED: Final = frozenset({"trigger", "broker"})


def values_of(letter: DeadLetter, names: Iterable[str]) -> dict[str, Value]:
    """Those of `names` that `letter` has a value for."""
    values: dict[str, Value] = {}
    document: object = None
    is_read = False
    for name in names:
        if name.startswith(DATA):
            if not is_read:
                document, is_read = json_of(letter.event), True
            value = point(document, name[len(DATA) :])
        elif name in DESK_VALUES:
            value = DESK_VALUES[name](letter)
        else:
            value = letter.event.attributes.get(name.removeprefix(OWN))
        if value is not None:
            values[name] = value
    return values
