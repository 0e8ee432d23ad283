"""Lowering changes nothing: terms and the rest together match what the query matches."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.storage.condition import check_condition
from broker.storage.desk import Term
from broker.storage.memory.letters import meets
from broker.storage.rows import DeadLetter, DeadState, Place
from tests.triggers.where.letters import NOW, letter
from triggers.where import parse_query

TEXTS = ["attempts", "age", "default/a", "default/b", "a", "503", "x"]
TEXT_NAMES = ["reason", "class", "trigger", "broker", "sink", "group", "type", "subject", "region"]
NUMBER_NAMES = ["status", "attempts", "size"]
TIME_NAMES = ["dead_at", "first_at", "stored_at"]
OPERATORS = ["=", "!=", "<>", "<", "<=", ">", ">="]

texts = st.sampled_from(TEXTS)
numbers = st.sampled_from([0, 3, 503])
times = st.sampled_from([NOW - timedelta(hours=hours) for hours in (1, 2, 3)])
letters = st.builds(
    lambda facts, attributes, trigger, data: letter(
        data, attributes=attributes, place=Place(trigger, 1), **facts
    ),
    st.fixed_dictionaries(
        {
            "reason": texts,
            "outcome_class": texts,
            "sink": texts,
            "group": texts,
            "status": st.sampled_from([None, 200, 503]),
            "attempt_count": numbers,
            "dead_at": times,
            "first_at": times,
            "state": st.sampled_from(DeadState),
        }
    ),
    st.dictionaries(st.sampled_from(["subject", "region", "reason"]), texts),
    st.sampled_from(["default/a", "default/b"]),
    st.sampled_from([None, b'{"a": 3}', b'{"a": "x"}', b"[]"]),
)
literals = st.one_of(texts.map(lambda text: f"'{text}'"), numbers.map(str))
names = st.sampled_from([*TEXT_NAMES, *NUMBER_NAMES, "ce.reason", "data('/a')"])
operators = st.sampled_from(OPERATORS)
whens = st.sampled_from(["ago('PT2H')", "'2026-03-01T10:00:00Z'", "first_at"])
clauses = st.one_of(
    st.builds(" ".join, st.tuples(names, operators, literals)),
    st.builds(" ".join, st.tuples(literals, operators, names)),
    st.builds(" ".join, st.tuples(st.sampled_from(TIME_NAMES), operators, whens)),
    st.builds(
        lambda name, negated, chosen: f"{name} {negated}IN ({', '.join(chosen)})",
        names, st.sampled_from(["", "NOT "]), st.lists(literals, min_size=1, max_size=3),
    ),
    st.builds(
        lambda name, negated, pattern: f"{name} {negated}LIKE '{pattern}'",
        names, st.sampled_from(["", "NOT "]), st.sampled_from(["a%", "a", "%a", "default/_", "%"]),
    ),
    names.filter(str.isalpha).map("EXISTS {}".format),
    st.sampled_from(["TRUE", "FALSE"]),
)  # fmt: skip
queries = st.recursive(
    clauses,
    lambda inner: st.one_of(
        st.builds(
            lambda parts, word: "(" + f" {word} ".join(parts) + ")",
            st.lists(inner, min_size=2, max_size=3),
            st.sampled_from(["AND", "OR", "XOR"]),
        ),
        inner.map("NOT ({})".format),
    ),
    max_leaves=6,
)


@settings(max_examples=1000)
@given(queries, letters)
def test_lowered_and_rest_together_are_the_query(text: str, one: DeadLetter) -> None:
    query = parse_query(text, NOW)

    check_condition(query.condition)
    assert (meets(one, query.condition) and query.keeps(one)) == query.matches(one)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reason = 'age'", Term("reason", "=", "age")),
        ("'age' = reason", Term("reason", "=", "age")),
        ("trigger = 'a'", Term("trigger", "=", "default/a")),
        ("status >= 500", Term("status", ">=", 500)),
        ("500 > status", Term("status", "<", 500)),
        ("status = '503'", Term("status", "=", 503)),
        ("id = 'x'", Term("event_id", "=", "x")),
        ("ce.subject = 'x'", Term("subject", "=", "x")),
        ("reason IN ('age', 'hops')", Term("reason", "in", ("age", "hops"))),
        ("reason = 'age' OR reason = 'hops'", Term("reason", "in", ("age", "hops"))),
        ("type LIKE 'order.%'", Term("type", "prefix", "order.")),
        ("dead_at > ago('PT1H')", Term("dead_at", ">", NOW - timedelta(hours=1))),
        ("state = 'dead'", Term("state", "=", "dead")),
    ],
)
def test_what_a_store_can_answer_is_left_to_it(text: str, expected: Term) -> None:
    query = parse_query(text, NOW)

    assert (query.condition, query.rest) == ((expected,), ())


@pytest.mark.parametrize(
    "text",
    ["status != 503", "subject != 'x'", "status = '0503'", "reason > 'a'", "reason = 503",
     "ce.reason = 'x'", "broker = 'x'", "region = 'eu'", "data('/a') = 1", "NOT reason = 'x'",
     "reason = 'a' OR type = 'b'", "reason NOT IN ('a')", "reason LIKE '%a'"],
)  # fmt: skip
def test_what_a_store_would_answer_otherwise_is_not(text: str) -> None:
    query = parse_query(text, NOW)

    assert query.condition == ()
    assert len(query.rest) == 1


@pytest.mark.parametrize("text", ["TRUE", "TRUE AND reason = 'age'", "reason = 'age' AND TRUE"])
def test_what_is_always_true_is_tried_on_no_row(text: str) -> None:
    query = parse_query(text, NOW)

    assert len(query.condition) == ("reason" in text)
    assert query.rest == ()


def test_of_very_many_clauses_some_are_left_to_rows() -> None:
    query = parse_query(" AND ".join(f"type != 't{n}'" for n in range(99)), NOW)

    check_condition((*query.condition, Term("state", "=", "dead")))
    assert len(query.rest) == 39
    assert not query.keeps(replace(letter(), event=letter(attributes={"type": "t98"}).event))
