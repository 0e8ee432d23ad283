"""The desk's questions use its indexes: no page is sorted, none reads the events' data."""

from collections.abc import Iterator

import apsw
import pytest

from broker.storage.condition import NUMBERS, TIMES
from broker.storage.desk import FIELDS, Condition, Operator, Term
from broker.storage.sqlite.asking import (
    count_statement,
    outlines_statement,
    page_statement,
    sheet_statement,
    sift_statement,
)
from broker.storage.sqlite.choosing import FEW, Way, choose_way
from broker.storage.sqlite.sql import load_migrations
from broker.storage.sqlite.terms import Values
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
    found = plan(connection, *page_statement(condition, place, 50, Way.USUAL))

    assert f"INDEX {index}" in found
    assert "TEMP B-TREE FOR ORDER BY" not in found


@pytest.mark.parametrize("texts", [(), (b"se", b"berlin")])
def test_rows_are_sifted_in_the_order_of_an_index(
    connection: apsw.Connection, texts: tuple[bytes, ...]
) -> None:
    found = plan(connection, *sift_statement((IS_DEAD,), texts, (7, "x"), 50, Way.USUAL))

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
    found = plan(connection, *count_statement(condition, 1000, Way.USUAL))

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

    found = plan(
        connection, *page_statement((narrow, Term(field, "!=", value)), None, 50, Way.USUAL)
    )

    assert "USING COVERING INDEX" in found


@pytest.mark.parametrize("operator", ["<", "<="])
@pytest.mark.parametrize("more", [(), (Term("type", "=", "order.new"),)])
def test_a_page_begins_where_the_one_before_ended(
    connection: apsw.Connection, operator: Operator, more: Condition
) -> None:
    condition = (Term("dead_at", operator, at(0)), *more)

    found = plan(connection, *page_statement(condition, (7, "x"), 50, Way.USUAL))

    assert "(dead_at,id)<(?,?)" in found
    assert "dead_at<?" not in found


@pytest.mark.parametrize("narrow", [IS_DEAD, Term("group", "=", "g"), Term("type", "=", "x")])
def test_outlines_are_made_of_the_index_alone(connection: apsw.Connection, narrow: Term) -> None:
    found = plan(connection, *outlines_statement((narrow, IS_DEAD), (7, "x"), 2_000, Way.USUAL))

    assert "USING COVERING INDEX" in found


def test_the_letters_of_a_verb_are_found_by_their_ids(connection: apsw.Connection) -> None:
    found = plan(connection, *page_statement((Term("id", "in", MANY),), None, 500, Way.USUAL))

    assert "(id=?)" in found


def test_of_an_event_the_few_are_found_and_then_sorted(connection: apsw.Connection) -> None:
    found = plan(connection, *page_statement((Term("event_id", "=", "e"),), None, 50, Way.USUAL))

    assert "dead_letters_event_id" in found


@pytest.mark.parametrize("place", [None, (7, "x")])
def test_a_sheet_reads_no_row_beside_the_index(
    connection: apsw.Connection, place: tuple[int, str] | None
) -> None:
    found = plan(connection, *sheet_statement((IS_DEAD,), place, 50, (at(0), at(1)), Way.USUAL))

    assert "dead_letters USING COVERING INDEX dead_letters_state" in found


OF_A_CUSTOMER = Term("subject", "=", "customer-7")
OF_A_STATUS = Term("status", "=", 418)


@pytest.mark.parametrize(
    ("condition", "count", "way"),
    [
        ((OF_A_CUSTOMER,), FEW, Way.BY_SUBJECT),
        ((OF_A_CUSTOMER,), FEW + 1, Way.USUAL),
        ((OF_A_STATUS, IS_DEAD), FEW, Way.BY_GROUP),
        ((OF_A_STATUS, IS_DEAD), FEW + 1, Way.USUAL),
        ((OF_A_STATUS, OF_A_CUSTOMER), FEW, Way.BY_SUBJECT),
        ((OF_A_STATUS, Term("group", "=", "g")), 0, Way.USUAL),
        ((OF_A_CUSTOMER, Term("event_id", "=", "e")), 0, Way.USUAL),
        ((IS_DEAD,), 0, Way.USUAL),
    ],
)
def test_what_few_have_is_found_by_an_index_of_its_own(
    condition: Condition, count: int, way: Way
) -> None:
    assert choose_way(condition, lambda text, values: count) is way


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ((OF_A_CUSTOMER, Term("trigger", "=", "t")), "INDEX dead_letters_subject (subject=?"),
        ((OF_A_STATUS, Term("trigger", "=", "t")), "COVERING INDEX dead_letters_group (group=?"),
    ],
)
def test_that_way_looks_at_no_other_rows(
    connection: apsw.Connection, condition: Condition, found: str
) -> None:
    way = choose_way(condition, lambda text, values: connection.execute(text, values).get)

    assert found in plan(connection, *page_statement(condition, None, 50, way))


def test_what_many_have_is_not_found_by_an_index_that_holds_nothing_else(
    connection: apsw.Connection,
) -> None:
    found = plan(connection, *page_statement((OF_A_CUSTOMER,), None, 50, Way.USUAL))

    assert "COVERING INDEX dead_letters_dead_at" in found
