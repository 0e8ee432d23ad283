"""The desk's questions use its indexes: no page is sorted, none reads the events' data."""

from collections.abc import Iterator

import apsw
import pytest

from broker.storage.condition import NUMBERS, TIMES
from broker.storage.desk import FIELDS, Condition, Operator, Term
from broker.storage.sqlite.asking import (
    Values,
    count_statement,
    outlines_statement,
    page_statement,
    sheet_statement,
    sift_statement,
)
from broker.storage.sqlite.sql import load_migrations
from tests.contracts.store import at

IS_DEAD = Term("state", "=", "dead")
MANY = tuple(f"id{number}" for number in range(500))


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    made = apsw.Connection(":memory:")
    for step in load_migrations():
        made.execute(step)
    yield made
    made.close()


def plan(connection: apsw.Connection, text: str, values: Values) -> str:
    rows = connection.execute(f"EXPLAIN QUERY PLAN {text}", values)
    return "\n".join(str(row[3]) for row in rows)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ((), "dead_letters_dead_at"),
        ((Term("trigger", "=", "default/a"),), "dead_letters_trigger"),
        ((Term("group", "=", "g"),), "dead_letters_group"),
        ((Term("state", "=", "dead"),), "dead_letters_state"),
        ((Term("reason", "=", "age"),), "dead_letters_reason"),
        ((Term("type", "=", "order.new"),), "dead_letters_type"),
        ((Term("trigger", "=", "default/a"), IS_DEAD), "dead_letters_trigger"),
        ((IS_DEAD, Term("group", "=", "g")), "dead_letters_group"),
        ((Term("dead_at", ">", at(0)),), "dead_letters_dead_at"),
        ((Term("size", ">", 10),), "dead_letters_dead_at"),
        ((Term("source", "prefix", "/shop"), Term("status", ">=", 500)), "dead_letters_dead_at"),
    ],
)
@pytest.mark.parametrize("place", [None, (7, "x")])
def test_a_page_is_read_in_the_order_of_an_index(
    connection: apsw.Connection,
    condition: Condition,
    index: str,
    place: tuple[int, str] | None,
) -> None:
    found = plan(connection, *page_statement(condition, place, 50))

    assert f"INDEX {index}" in found
    assert "TEMP B-TREE FOR ORDER BY" not in found


@pytest.mark.parametrize("texts", [(), (b"se", b"berlin")])
def test_rows_are_sifted_in_the_order_of_an_index(
    connection: apsw.Connection, texts: tuple[bytes, ...]
) -> None:
    found = plan(connection, *sift_statement((IS_DEAD,), texts, (7, "x"), 50))

    assert "INDEX dead_letters_state" in found
    assert "TEMP B-TREE FOR ORDER BY" not in found


@pytest.mark.parametrize(
    "condition",
    [
        (),
        (Term("attempts", ">", 3), Term("class", "=", "x")),
        (Term("trigger", "=", "default/a"), IS_DEAD),
        (Term("reason", "=", "age"), IS_DEAD),
        (Term("group", "=", "g"), IS_DEAD),
        (IS_DEAD,),
    ],
)
def test_a_count_reads_no_row_beside_the_index(
    connection: apsw.Connection, condition: Condition
) -> None:
    found = plan(connection, *count_statement(condition, 1000))

    assert "USING COVERING INDEX" in found


@pytest.mark.parametrize(
    "narrow",
    [
        Term("trigger", "=", "default/a"),
        Term("group", "=", "g"),
        Term("reason", "=", "age"),
        Term("type", "=", "order.new"),
        Term("dead_at", ">", at(0)),
        IS_DEAD,
    ],
    ids=lambda term: str(term.field),
)
@pytest.mark.parametrize("field", sorted(set(FIELDS) - {"id", "event_id"}))
def test_a_page_looks_for_what_few_have_on_the_index_alone(
    connection: apsw.Connection, narrow: Term, field: str
) -> None:
    value = 1 if field in NUMBERS else at(0) if field in TIMES else "x"

    found = plan(connection, *page_statement((narrow, Term(field, "!=", value)), None, 50))

    assert "USING COVERING INDEX" in found


@pytest.mark.parametrize("operator", ["<", "<="])
@pytest.mark.parametrize("more", [(), (Term("type", "=", "order.new"),)])
def test_a_page_begins_where_the_one_before_ended(
    connection: apsw.Connection, operator: Operator, more: Condition
) -> None:
    condition = (Term("dead_at", operator, at(0)), *more)

    found = plan(connection, *page_statement(condition, (7, "x"), 50))

    assert "(dead_at,id)<(?,?)" in found
    assert "dead_at<?" not in found


@pytest.mark.parametrize("narrow", [IS_DEAD, Term("group", "=", "g"), Term("type", "=", "x")])
def test_outlines_are_made_of_the_index_alone(connection: apsw.Connection, narrow: Term) -> None:
    found = plan(connection, *outlines_statement((narrow, IS_DEAD), (7, "x"), 2_000))

    assert "USING COVERING INDEX" in found


def test_the_letters_of_a_verb_are_found_by_their_ids(connection: apsw.Connection) -> None:
    found = plan(connection, *page_statement((Term("id", "in", MANY),), None, 500))

    assert "(id=?)" in found


def test_of_an_event_the_few_are_found_and_then_sorted(connection: apsw.Connection) -> None:
    found = plan(connection, *page_statement((Term("event_id", "=", "e"),), None, 50))

    assert "dead_letters_event_id" in found


@pytest.mark.parametrize("place", [None, (7, "x")])
def test_a_sheet_reads_no_row_beside_the_index(
    connection: apsw.Connection, place: tuple[int, str] | None
) -> None:
    found = plan(connection, *sheet_statement((IS_DEAD,), place, 50, (at(0), at(1))))

    assert "dead_letters USING COVERING INDEX dead_letters_state" in found
