"""Questions of the dead-letter desk as SQL: the only statements that are not files.

Only checked field names get into a text, never a value.
"""

from collections.abc import Sequence
from datetime import datetime

from broker.clock import to_milliseconds
from broker.storage.condition import plain
from broker.storage.desk import Condition, Term

Values = Sequence[str | int | bytes]
SELECTIVE = frozenset({"id", "event_id", "group", "type", "trigger", "reason"})


def page_statement(
    condition: Condition, place: tuple[int, str] | None, limit: int
) -> tuple[str, Values]:
    """Ids and sizes of a page, newest first after `place`, in one packed row."""
    clauses, values = _clauses_after(place, condition)
    text = f"""SELECT json_group_array(json_array(id, bytes) ORDER BY dead_at DESC, id DESC)
    FROM (SELECT id, bytes, dead_at FROM dead_letters {_where(clauses)}
    ORDER BY dead_at DESC, id DESC LIMIT ?)"""  # noqa: S608 - no value is part of the text
    return text, [*values, limit]


def sift_statement(
    condition: Condition, texts: Sequence[bytes], place: tuple[int, str] | None, limit: int
) -> tuple[str, Values]:
    """As a page, and of each whether its data hold all of `texts` or a backslash."""
    clauses, values = _clauses_after(place, condition)
    holds = "1"
    if texts:
        every = " AND ".join("instr(data, ?) > 0" for _ in texts)
        holds = f"data IS NOT NULL AND (({every}) OR instr(data, x'5c') > 0)"
    text = f"""SELECT json_group_array(json_array(id, bytes, dead_at, may_be_kept)
        ORDER BY dead_at DESC, id DESC)
    FROM (SELECT id, bytes, dead_at, {holds} AS may_be_kept FROM dead_letters {_where(clauses)}
    ORDER BY dead_at DESC, id DESC LIMIT ?)"""  # noqa: S608 - no value is part of the text
    return text, [*texts, *values, limit]


def count_statement(condition: Condition, limit: int) -> tuple[str, Values]:
    clauses, values = _clauses(condition)
    text = f"""SELECT count(*) FROM (SELECT 1 FROM dead_letters {_where(clauses)}
    LIMIT ?)"""  # noqa: S608 - no value is part of the text
    return text, [*values, limit]


def outlines_statement(
    condition: Condition, place: tuple[int, str] | None, limit: int
) -> tuple[str, Values]:
    """The columns of an `Outline`, newest first after `place`, in one packed row."""
    clauses, values = _clauses_after(place, condition)
    columns = 'id, "trigger", offset, reason, "group", size, dead_at, redrives'
    text = f"""SELECT json_group_array(json_array({columns}) ORDER BY dead_at DESC, id DESC)
    FROM (SELECT {columns} FROM dead_letters {_where(clauses)}
    ORDER BY dead_at DESC, id DESC LIMIT ?)"""  # noqa: S608 - no value is part of the text
    return text, [*values, limit]


def sheet_statement(
    condition: Condition, place: tuple[int, str] | None, limit: int, since: Sequence[datetime]
) -> tuple[str, Values]:
    """In three columns: [trigger, offset, id] of each, its shares, and the last one's place."""
    clauses, values = _clauses_after(place, condition)
    columns = 'id, "trigger", offset, reason, "group", size, dead_at, redrives'
    age = " + ".join("(dead_at < ?)" for _ in since) or "0"
    text = f"""WITH some AS MATERIALIZED (SELECT {columns} FROM dead_letters {_where(clauses)}
    ORDER BY dead_at DESC, id DESC LIMIT ?)
    SELECT (SELECT json_group_array(json_array("trigger", offset, id)
        ORDER BY dead_at DESC, id DESC) FROM some),
    (SELECT json_group_array(
        json_array("trigger", reason, "group", age, number, size_bytes, redriven))
    FROM (SELECT "trigger", reason, "group", {age} AS age, count(*) AS number,
        sum(size) AS size_bytes, sum(redrives > 0) AS redriven FROM some GROUP BY 1, 2, 3, 4)),
    (SELECT json_array(dead_at, id) FROM some ORDER BY dead_at, id LIMIT 1)"""  # noqa: S608 - no value is part of the text
    return text, [*values, limit, *map(to_milliseconds, since)]


def _where(clauses: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(clauses)}" if clauses else ""


def _clauses_after(
    place: tuple[int, str] | None, condition: Condition
) -> tuple[list[str], list[str | int | bytes]]:
    clauses, values = _clauses(condition)
    if place is None:
        return clauses, values
    # A page ended there, so it is the tighter end. Of two ends SQLite may take either one, and
    # from the other it would walk through all pages before this one.
    for number, term in enumerate(condition):
        if term.field == "dead_at" and term.operator in ("<", "<="):
            clauses[number] = f"+{clauses[number]}"
    return [*clauses, "(dead_at, id) < (?, ?)"], [*values, *place]


def _clauses(condition: Condition) -> tuple[list[str], list[str | int | bytes]]:
    clauses: list[str] = []
    values: list[str | int | bytes] = []
    is_narrow = any(term.operator == "=" and term.field in SELECTIVE for term in condition)
    for term in condition:
        clause, operands = _clause(term)
        if is_narrow and term.field == "state":
            # Most are in one state: by another index there is less to look through.
            clause = f"+{clause}"
        clauses.append(clause)
        values += operands
    return clauses, values


def _clause(term: Term) -> tuple[str, Values]:
    """An absent value meets no comparison but `!=`, as IS NOT has it."""
    field = f'"{term.field}"'
    if isinstance(term.value, tuple):
        return f"{field} IN ({', '.join('?' * len(term.value))})", [plain(v) for v in term.value]
    value = plain(term.value)
    if term.operator == "prefix":
        return f"({field} >= ? AND {field} < ? || char(1114111))", [value, value]
    operator = "IS NOT" if term.operator == "!=" else term.operator
    return f"{field} {operator} ?", [value]
