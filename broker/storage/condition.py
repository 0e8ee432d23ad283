"""What a condition may compare, and the cursors of pages: the same for every engine.

An absent value (no status, no subject) meets no term but `!=`.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime

from broker.clock import to_milliseconds
from broker.errors import Invalid
from broker.storage.desk import FIELDS, Condition, Term
from broker.storage.rows import DeadLetter

TERMS_MAX = 64
VALUES_MAX = 1000
NUMBERS = frozenset({"status", "attempts", "size", "offset"})
TIMES = frozenset({"dead_at", "first_at", "stored_at"})

FIELD_VALUES: dict[str, Callable[[DeadLetter], str | int | None]] = {
    "id": lambda letter: letter.id,
    "trigger": lambda letter: letter.place.trigger,
    "sink": lambda letter: letter.sink,
    "reason": lambda letter: letter.reason,
    "class": lambda letter: letter.outcome_class,
    "status": lambda letter: letter.status,
    "state": lambda letter: letter.state.value,
    "group": lambda letter: letter.group,
    "attempts": lambda letter: letter.attempt_count,
    "size": lambda letter: letter.event.size_bytes,
    "offset": lambda letter: letter.place.offset,
    "dead_at": lambda letter: to_milliseconds(letter.dead_at),
    "first_at": lambda letter: to_milliseconds(letter.first_at),
    "stored_at": lambda letter: to_milliseconds(letter.stored_at),
    "type": lambda letter: letter.event.type,
    "source": lambda letter: letter.event.source,
    "subject": lambda letter: letter.event.attributes.get("subject"),
    "event_id": lambda letter: letter.event.id,
}

MILLISECONDS_END = 1 << 63  # of what a 64-bit column can be compared with


def check_condition(condition: Condition) -> None:
    """Raise Invalid(code="bad-condition") unless every engine can answer it."""
    if len(condition) > TERMS_MAX:
        raise _bad(f"{len(condition)} terms", f"use at most {TERMS_MAX}")
    for term in condition:
        _check_term(term)


def _check_term(term: Term) -> None:
    if term.field not in FIELDS:
        raise _bad(f"there is no field {term.field!r}", f"name one of: {', '.join(FIELDS)}")
    values = term.value if isinstance(term.value, tuple) else (term.value,)
    if (term.operator == "in") != isinstance(term.value, tuple) or len(values) > VALUES_MAX:
        raise _bad(f"{term.field} {term.operator}", f"'in' takes up to {VALUES_MAX} values")
    wanted: type = str
    if term.field in TIMES:
        wanted = datetime
    elif term.field in NUMBERS:
        wanted = int
    if not all(isinstance(value, wanted) for value in values):
        raise _bad(f"{term.field} compared with {term.value!r}", f"give a {wanted.__name__}")
    if term.operator == "prefix" and wanted is not str:
        raise _bad(f"prefix of {term.field}", "compare a text by prefix")


def _bad(what: str, remedy: str) -> Invalid:
    return Invalid(what, code="bad-condition", where="condition", remedy=remedy)


def plain(value: str | int | datetime) -> str | int:
    """A term's value as FIELD_VALUES gives fields: times as milliseconds."""
    return to_milliseconds(value) if isinstance(value, datetime) else value


def encode_cursor(dead_at: datetime, id: str) -> str:
    """The place after one dead letter, opaque to whoever carries it."""
    text = f"{to_milliseconds(dead_at)}:{id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[int, str]:
    """(dead at in milliseconds, id) as encoded. Raises Invalid(code="bad-cursor")."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        milliseconds, _, last_id = text.partition(":")
        if not 0 <= int(milliseconds) < MILLISECONDS_END:
            raise ValueError("no time that a store keeps")
        return int(milliseconds), last_id
    except (binascii.Error, ValueError) as error:
        raise Invalid(
            f"{cursor[:80]!r} is no cursor of this list",
            code="bad-cursor",
            remedy="take `next` of the page before as it was given",
        ) from error
