"""A query as it is asked: read once, lowered, and evaluated on what the store gives. Pure."""

from dataclasses import dataclass
from datetime import datetime

from broker.errors import InvalidFilter
from broker.storage.desk import Condition, Sieve
from broker.storage.rows import DeadLetter
from triggers.filters.cesql.evaluate import evaluate
from triggers.filters.cesql.parser import parse
from triggers.filters.cesql.tree import Attribute, Exists, Expression, walk
from triggers.filters.cesql.types import check_filter
from triggers.where.bind import bind
from triggers.where.hints import hints_of
from triggers.where.lower import lower
from triggers.where.names import DATA, SYNTAX, values_of


@dataclass(frozen=True, slots=True)
class Query:
    """`condition` is for the store; `rest` must be true of each row that it gives."""

    text: str
    tree: Expression | None  # None: everything
    condition: Condition = ()
    rest: tuple[Expression, ...] = ()

    @property
    def reads_data(self) -> bool:
        """Whether the answer tells something of the events' data."""
        return any(name.startswith(DATA) for name in names_of(self.tree))

    @property
    def sieve(self) -> Sieve:
        """`rest`, for the store's threads."""
        return Sieve(self.keeps, hints_of(self.rest))

    def keeps(self, letter: DeadLetter) -> bool:
        """Whether a dead letter that meets `condition` is asked for."""
        return all(is_true(clause, letter) for clause in self.rest)

    def matches(self, letter: DeadLetter) -> bool:
        """The same of any dead letter, without a store."""
        return self.tree is None or is_true(self.tree, letter)


EVERYTHING = Query("", None)
TEXT_CHARACTERS_MAX = 4_000  # it is evaluated on thousands of rows


def parse_query(text: str, now: datetime) -> Query:
    """The query that `text` is; `now` is where `ago()` counts from.

    Raises InvalidFilter with the column: as CESQL filters do, and `bad-query` for a time,
    duration or pointer that is none.
    """
    if not text.strip():
        return EVERYTHING
    if len(text) > TEXT_CHARACTERS_MAX:
        raise InvalidFilter(
            f"the query has {len(text)} characters",
            code="cesql-too-long",
            where="where",
            column=TEXT_CHARACTERS_MAX + 1,
            remedy=f"write at most {TEXT_CHARACTERS_MAX}",
        )
    if not text.isascii():
        _check_encodable(text)
    try:
        tree = bind(parse(text, SYNTAX), now)
        check_filter(tree)
    except InvalidFilter as error:
        raise _located(error) from error
    condition, rest = lower(tree)
    return Query(text, tree, condition, rest)


def is_true(clause: Expression, letter: DeadLetter) -> bool:
    """As a filter: true, and without an error."""
    value, errors = evaluate(clause, values_of(letter, names_of(clause)))
    return value is True and not errors


def names_of(tree: Expression | None) -> list[str]:
    """The names that `tree` looks at."""
    if tree is None:
        return []
    return [node.name for node, _ in walk(tree) if isinstance(node, Attribute | Exists)]


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        column = error.start + 1
        raise InvalidFilter(
            "half of a character",
            code="bad-query",
            where=f"where, column {column}",
            remedy="write it as valid Unicode",
            column=column,
        ) from error


def _located(error: InvalidFilter) -> InvalidFilter:
    """With the column in what people read: they typed it in a shell or an address."""
    return InvalidFilter(
        error.what,
        code=error.code,
        where=f"where, column {error.column}",
        remedy=error.remedy,
        column=error.column,
    )
