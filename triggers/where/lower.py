"""Lower a query: the clauses that a store answers by itself, and what is left of it. Pure.

A clause is lowered only where its term holds for exactly the dead letters that the clause
matches; so a name without a value must not match, as no comparison of CESQL does.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from broker.clock import from_milliseconds
from broker.storage.condition import NUMBERS, TERMS_MAX, TIMES, VALUES_MAX
from broker.storage.desk import Condition, Operator, Term
from triggers.filters.cesql.tree import (
    Attribute,
    Binary,
    Expression,
    In,
    Like,
    Literal,
    Logic,
    conjuncts,
)
from triggers.filters.cesql.values import Failure, Value, to_integer, to_string
from triggers.where.names import DESK_VALUES, OWN

_EVENT_FIELDS: Final = {"id": "event_id", "type": "type", "source": "source", "subject": "subject"}
_SWAPPED: Final[dict[str, Operator]] = {
    "=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip
_MAY_LACK: Final = frozenset({"status", "subject"})  # an absent value meets the term `!=`
_TERMS: Final = TERMS_MAX - 4  # some are left to whoever asks, for a state or a group
_UNKEPT: Final = frozenset({"broker"})  # the same for all of a store


def lower(tree: Expression) -> tuple[Condition, tuple[Expression, ...]]:
    """(terms that must all hold, clauses that must all be true of a row as well)."""
    terms: list[Term] = []
    rest: list[Expression] = []
    for clause in conjuncts(tree):
        if isinstance(clause, Literal) and clause.value is True:
            continue  # how everything is asked for; as a rest it would be tried on each row
        term = _term(clause) if len(terms) < _TERMS else None
        if term is None:
            rest.append(clause)
        else:
            terms.append(term)
    return tuple(terms), tuple(rest)


def field_of(name: str) -> str | None:
    """The field of a store that `name` is kept in."""
    if name in DESK_VALUES:
        return None if name in _UNKEPT else name
    return _EVENT_FIELDS.get(name.removeprefix(OWN))


def _term(clause: Expression) -> Term | None:
    match clause:
        case Binary(operator=operator, left=Attribute(name=name), right=Literal(value=value)):
            return _compared(field_of(name), operator, value, is_swapped=False)
        case Binary(operator=operator, left=Literal(value=value), right=Attribute(name=name)):
            return _compared(field_of(name), operator, value, is_swapped=True)
        case In(operand=Attribute(name=name), elements=elements, negated=False):
            return _chosen(field_of(name), elements)
        case Like(operand=Attribute(name=name), pattern=pattern, negated=False):
            field = field_of(name)
            if field is None or field in NUMBERS | TIMES or not pattern.literal:
                return None
            if pattern.kind == "exact":
                return Term(field, "=", pattern.literal)
            return Term(field, "prefix", pattern.literal) if pattern.kind == "prefix" else None
        case Logic(operator="OR", operands=operands):
            return _alternatives(operands)
    return None


def _compared(field: str | None, operator: str, value: Value, *, is_swapped: bool) -> Term | None:
    """A comparison as CESQL casts it: by the right side's type, and order by number."""
    if field is None or operator not in _SWAPPED or isinstance(value, bool):
        return None
    own: Operator = _SWAPPED[operator] if is_swapped else _UNSWAPPED[operator]
    if own == "!=" and field in _MAY_LACK:
        return None
    if field in TIMES:
        return Term(field, own, from_milliseconds(value)) if isinstance(value, int) else None
    if field in NUMBERS:
        number = _number(value)
        return None if number is None else Term(field, own, number)
    if isinstance(value, str) and own in ("=", "!="):
        return Term(field, own, value)
    return None


_UNSWAPPED: Final[dict[str, Operator]] = {
    "=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}  # fmt: skip


def _number(value: Value) -> int | None:
    """Only as the text of a number would be written: `'0503'` equals no status."""
    if isinstance(value, int):
        return value
    try:
        number = to_integer(value)
    except Failure:
        return None
    return number if str(number) == value else None


def _chosen(field: str | None, elements: Sequence[Expression]) -> Term | None:
    """One of several literals; each is cast to the type of the field."""
    if field is None or field in TIMES or len(elements) > VALUES_MAX:
        return None
    values: list[str | int] = []
    for element in elements:
        if not isinstance(element, Literal):
            return None
        if field not in NUMBERS:
            values.append(to_string(element.value))
            continue
        number = None if isinstance(element.value, bool) else _number(element.value)
        if number is None:
            return None
        values.append(number)
    return Term(field, "in", tuple(values))


def _alternatives(operands: Iterable[Expression]) -> Term | None:
    """Equalities of one field joined by OR."""
    fields: set[str] = set()
    values: list[str | int] = []
    for operand in operands:
        term = _term(operand)
        if term is None or term.operator not in ("=", "in"):
            return None
        fields.add(term.field)
        found = term.value if isinstance(term.value, tuple) else (term.value,)
        values += [value for value in found if isinstance(value, str | int)]
    if len(fields) != 1 or fields <= TIMES or len(values) > VALUES_MAX:
        return None
    return Term(fields.pop(), "in", tuple(values))
