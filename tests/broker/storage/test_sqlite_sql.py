"""Statements of many rows, and evidence in a column."""

import re

import apsw
import pytest

from broker.storage.sqlite.evidence import pack_attempts, unpack_attempts
from broker.storage.sqlite.sql import Bulk, load_migrations, load_statements
from tests.contracts.store import attempt


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100, 511, 512, 513, 1000])
def test_rows_of_any_number_are_written_in_order(count: int) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (a, b)")

    Bulk("INSERT INTO t VALUES (?, ?)").write(connection, [(n, n * 2) for n in range(count)])

    rows = connection.execute("SELECT a, b FROM t ORDER BY rowid").fetchall()
    assert rows == [(n, n * 2) for n in range(count)]


def test_a_hundred_rows_take_three_steps() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (a)")
    steps: list[str] = []
    connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda traced: steps.append(traced["sql"]))

    Bulk("INSERT INTO t VALUES (?)").write(connection, [(n,) for n in range(100)])

    assert [sql.count("?") for sql in steps] == [64, 32, 4]


@pytest.mark.parametrize("count", [1, 2, 3, 100, 128, 511, 512, 513, 1000])
def test_blank_rows_fill_up_a_step_and_are_left_out(count: int) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (a, b)")
    steps: list[str] = []
    connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda traced: steps.append(traced["sql"]))
    insert = "INSERT INTO t SELECT * FROM (VALUES (?, ?)) WHERE column1 IS NOT NULL"

    Bulk(insert).write(connection, [(n, None) for n in range(count)])

    assert len(steps) == (1 if count <= 512 else 2)
    rows = connection.execute("SELECT a, b FROM t ORDER BY rowid").fetchall()
    assert rows == [(n, None) for n in range(count)]


def test_every_statement_can_be_prepared() -> None:
    connection = apsw.Connection(":memory:")
    for migration in load_migrations():
        connection.execute(migration)
    statements = load_statements()

    for name in statements.names:
        connection.execute(f"EXPLAIN {statements[name]}", blanks(statements[name]))


def blanks(sql: str) -> list[None]:
    """As many NULLs as the statement has parameters, numbered or not."""
    numbers = [int(number) for number in re.findall(r"\?(\d)", sql)]
    return [None] * (max(numbers) if numbers else sql.count("?"))


@pytest.mark.parametrize(
    "name",
    ["parked_delete", "waiting_delete", "cursors_delete", "records_delete", "events_measure",
     "parked_places", "parked_rows", "dead_letters_move", "commit_from", "events_prune",
     "records_scan", "groups_list", "retried_list", "dead_letters_expire"],
)  # fmt: skip
def test_no_statement_scans_a_table_that_grows(name: str) -> None:
    connection = apsw.Connection(":memory:")
    for migration in load_migrations():
        connection.execute(migration)

    sql = load_statements()[name]
    found = connection.execute(f"EXPLAIN QUERY PLAN {sql}", blanks(sql))
    plan = [str(row[3]) for row in found]

    grows = ("parked", "waiting", "cursors", "records", "events", "dead_letters", "commits")
    scans = [step for step in plan if step.startswith("SCAN ") and step.split()[1] in grows]
    assert [step for step in scans if "USING" not in step] == [], plan


def test_attempts_come_back_as_they_were() -> None:
    attempts = (attempt(1), attempt(2, b""), attempt(3, bytes(range(256))))

    assert unpack_attempts(pack_attempts(attempts)) == attempts
    assert unpack_attempts(pack_attempts(())) == ()


def test_equal_bodies_are_kept_once() -> None:
    body = b"x" * 4096

    many = pack_attempts([attempt(n, body) for n in range(1, 33)])

    assert len(many) < 2 * len(pack_attempts([attempt(1, body)]))
