"""By which index the dead letters of a condition are found, where SQLite cannot tell.

It does not know how many a value has. A probe counts them, up to FEW: few are found by their
own index, many by one that holds all columns, for then most that is looked at may not be wanted.
"""

from collections.abc import Callable
from enum import StrEnum

from broker.storage.desk import Condition
from broker.storage.sqlite.terms import Values, clauses_of, where

FEW = 5_000
# A group holds one of each of these, so what its terms mean is known before a row is looked at.
OF_GROUPS = frozenset({"trigger", "sink", "class", "status"})
UNIQUE = frozenset({"id", "event_id"})

Count = Callable[[str, Values], int]


class Way(StrEnum):
    USUAL = ""
    BY_SUBJECT = "INDEXED BY dead_letters_subject"
    BY_GROUP = "INDEXED BY dead_letters_group"


def choose_way(condition: Condition, count: Count) -> Way:
    """`count` answers a probe: SQL of one number and its values."""
    equal = {term.field for term in condition if term.operator == "="}
    if equal & UNIQUE:
        return Way.USUAL
    if "subject" in equal and count(*_probe_of_subject(condition)) <= FEW:
        return Way.BY_SUBJECT
    if "group" not in equal and of_groups(condition) and count(*_probe_of_groups(condition)) <= FEW:
        return Way.BY_GROUP
    return Way.USUAL


def of_groups(condition: Condition) -> Condition:
    return tuple(term for term in condition if term.field in OF_GROUPS)


def groups_of(condition: Condition, columns: str) -> tuple[str, Values]:
    """The statement of the groups that may hold some of `condition`."""
    clauses, values = clauses_of(of_groups(condition))
    return f"SELECT {columns} FROM groups {where(clauses)}", values  # noqa: S608 - no value is part of the text


def _probe_of_groups(condition: Condition) -> tuple[str, Values]:
    return groups_of(condition, "coalesce(sum(kept), 0)")


def _probe_of_subject(condition: Condition) -> tuple[str, Values]:
    terms = [term for term in condition if term.field == "subject" and term.operator == "="]
    clauses, values = clauses_of(terms)
    text = f"""SELECT count(*) FROM (SELECT 1 FROM dead_letters {Way.BY_SUBJECT} {where(clauses)}
    LIMIT ?)"""  # noqa: S608 - no value is part of the text
    return text, [*values, FEW + 1]
