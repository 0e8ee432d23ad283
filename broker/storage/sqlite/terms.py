"""Terms of a condition as SQL. Only checked field names get into a text, never a value."""

from collections.abc import Sequence

from broker.storage.condition import plain
from broker.storage.desk import Term

Values = Sequence[str | int | bytes]
SELECTIVE = frozenset({"id", "event_id", "group", "type", "trigger", "reason"})


def where(clauses: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(clauses)}" if clauses else ""


def clauses_of(condition: Sequence[Term]) -> tuple[list[str], list[str | int | bytes]]:
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
