"""Questions of the dead-letter desk as SQL: the only statements that are not files.

Only checked field names get into a text, never a value.
"""

from collections.abc import Sequence
from datetime import datetime

from broker.clock import to_milliseconds
from broker.storage.desk import Condition
from broker.storage.sqlite.choosing import Way, groups_of
from broker.storage.sqlite.terms import Values, clauses_of, where

After = tuple[int, str] | None
"""The last dead letter of the page before: when it died, in milliseconds, and its id."""


def page_statement(condition: Condition, place: After, limit: int, way: Way) -> tuple[str, Values]:
    """Ids and sizes of a page, newest first after `place`, in one packed row."""
    rows, values = _rows(condition, place, way)
    text = f"""SELECT json_group_array(json_array(id, bytes) ORDER BY dead_at DESC, id DESC)
    FROM (SELECT id, bytes, dead_at FROM {rows}
    ORDER BY dead_at DESC, id DESC LIMIT ?)"""  # noqa: S608 - no value is part of the text
    return text, [*values, limit]


def sift_statement(
    condition: Condition, texts: Sequence[bytes], place: After, limit: int, way: Way
) -> tuple[str, Values]:
    """As a page, and of each whether its data hold all of `texts` or a backslash."""
    rows, values = _rows(condition, place, way)
    holds = "1"
    if texts:
        every = " AND ".join("instr(data, ?) > 0" for _ in texts)
        holds = f"data IS NOT NULL AND (({every}) OR instr(data, x'5c') > 0)"
    text = f"""SELECT json_group_array(json_array(id, bytes, dead_at, may_be_kept)
        ORDER BY dead_at DESC, id DESC)
    FROM (SELECT id, bytes, dead_at, {holds} AS may_be_kept FROM {rows}
    ORDER BY dead_at DESC, id DESC LIMIT ?)"""  # noqa: S608 - no value is part of the text
    return text, [*texts, *values, limit]


def count_statement(condition: Condition, limit: int, way: Way) -> tuple[str, Values]:
    rows, values = _rows(condition, None, way)
    text = f"""SELECT count(*) FROM (SELECT 1 FROM {rows}
    LIMIT ?)"""  # noqa: S608 - no value is part of the text
    return text, [*values, limit]


def outlines_statement(
    condition: Condition, place: After, limit: int, way: Way
) -> tuple[str, Values]:
    """The columns of an `Outline`, newest first after `place`, in one packed row."""
    rows, values = _rows(condition, place, way)
    columns = 'id, "trigger", offset, reason, "group", size, dead_at, redrives'
    text = f"""SELECT json_group_array(json_array({columns}) ORDER BY dead_at DESC, id DESC)
    FROM (SELECT {columns} FROM {rows}
    ORDER BY dead_at DESC, id DESC LIMIT ?)"""  # noqa: S608 - no value is part of the text
    return text, [*values, limit]


def sheet_statement(
    condition: Condition, place: After, limit: int, since: Sequence[datetime], way: Way
) -> tuple[str, Values]:
    """In three columns: [trigger, offset, id] of each, its shares, and the last one's place."""
    rows, values = _rows(condition, place, way)
    columns = 'id, "trigger", offset, reason, "group", size, dead_at, redrives'
    age = " + ".join("(dead_at < ?)" for _ in since) or "0"
    text = f"""WITH some AS MATERIALIZED (SELECT {columns} FROM {rows}
    ORDER BY dead_at DESC, id DESC LIMIT ?)
    SELECT (SELECT json_group_array(json_array("trigger", offset, id)
        ORDER BY dead_at DESC, id DESC) FROM some),
    (SELECT json_group_array(
        json_array("trigger", reason, "group", age, number, size_bytes, redriven))
    FROM (SELECT "trigger", reason, "group", {age} AS age, count(*) AS number,
        sum(size) AS size_bytes, sum(redrives > 0) AS redriven FROM some GROUP BY 1, 2, 3, 4)),
    (SELECT json_array(dead_at, id) FROM some ORDER BY dead_at, id LIMIT 1)"""  # noqa: S608 - no value is part of the text
    return text, [*values, limit, *map(to_milliseconds, since)]


def _rows(condition: Condition, place: After, way: Way) -> tuple[str, list[str | int | bytes]]:
    """Where the rows of `condition` after `place` come from."""
    clauses, values = _clauses_after(place, condition)
    for number, term in enumerate(condition):
        if term.field == "subject" and way is not Way.BY_SUBJECT:
            clauses[number] = f"+{clauses[number]}"  # its index holds nothing else
    if way is Way.BY_GROUP:
        groups, more = groups_of(condition, "id")
        clauses.append(f'"group" IN ({groups})')
        values += more
    return f"dead_letters {way} {where(clauses)}", values


def _clauses_after(place: After, condition: Condition) -> tuple[list[str], list[str | int | bytes]]:
    clauses, values = clauses_of(condition)
    if place is None:
        return clauses, values
    # A page ended there, so it is the tighter end. Of two ends SQLite may take either one, and
    # from the other it would walk through all pages before this one.
    for number, term in enumerate(condition):
        if term.field == "dead_at" and term.operator in ("<", "<="):
            clauses[number] = f"+{clauses[number]}"
    return [*clauses, "(dead_at, id) < (?, ?)"], [*values, *place]
