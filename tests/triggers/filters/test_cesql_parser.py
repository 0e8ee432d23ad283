"""Reading an expression: its tree with the columns, and where a wrong one goes wrong."""

import re

import pytest

from broker.errors import InvalidFilter
from triggers.filters.cesql import parse
from triggers.filters.cesql.tree import Attribute, Binary, Logic, Node, children, walk


def test_every_node_knows_the_text_it_was_written_in() -> None:
    text = "(a = 1) AND NOT LOWER( b ) LIKE 'x%'"

    spans = {(type(node).__name__, text[node.start : node.end]) for node, _ in walk(parse(text))}

    assert spans == {
        ("Logic", text),
        ("Binary", "a = 1"),
        ("Attribute", "a"),
        ("Literal", "1"),
        ("Like", "NOT LOWER( b ) LIKE 'x%'"),
        ("Negation", "NOT LOWER( b )"),
        ("Call", "LOWER( b )"),
        ("Attribute", "b"),
    }


def test_a_run_of_one_logical_operator_is_one_node() -> None:
    tree = parse("a AND b AND c OR d")

    assert isinstance(tree, Logic)
    assert tree.operator == "OR"
    assert [len(children(operand)) for operand in tree.operands] == [3, 0]


def test_other_operators_stand_to_the_left() -> None:
    tree = parse("a - b - c")

    assert isinstance(tree, Binary)
    assert isinstance(tree.left, Binary)
    assert isinstance(tree.right, Attribute)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("  ", 1),
        ("ABS(", 5),
        ("type =", 7),
        ("type = 'a", 8),
        ("type == 'a'", 6),
        ("a && b", 3),
        ("a ? b", 3),
        ("a b", 3),
        ("(a", 3),
        ("a)", 2),
        ("a IN ()", 7),
        ("a IN 'x'", 6),
        ("a IN ('x',)", 11),
        ("a LIKE b", 8),
        ("a LIKE 'x' 'y'", 12),
        ("EXISTS 'a'", 8),
        ("EXISTS (a)", 8),
        ("EXISTS and", 8),
        ("my_name = 1", 1),
        ("ce.type = 1", 1),
        ("1.5 > 1", 1),
        ("größe = 1", 3),
        ("2147483648", 1),
        ("-2147483649", 2),
        ("1 - 99999999999", 5),
        ("a NOT b", 3),
        ("+a", 2),
        ("f(1 2)", 5),
    ],
)
def test_a_mistake_is_refused_at_its_column(text: str, column: int) -> None:
    with pytest.raises(InvalidFilter) as refused:
        parse(text)

    assert (refused.value.code, refused.value.column) == ("cesql-parse", column)
    assert refused.value.what


def test_the_characters_of_an_expression_are_bounded() -> None:
    parse("type = '" + "a" * 9_991 + "'")

    with pytest.raises(InvalidFilter) as refused:
        parse("type = '" + "a" * 9_992 + "'")

    assert (refused.value.code, refused.value.column) == ("cesql-too-long", 10_001)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("(", ")"), ("NOT ", ""), ("-(", ")"), ("(1 + ", ")"), ("ABS(", ")"), ("(a IN (", "))")],
)
def test_the_depth_of_an_expression_is_bounded(opening: str, closing: str) -> None:
    parse(opening * 99 + "a" + closing * 99)

    with pytest.raises(InvalidFilter) as refused:
        parse(opening * 101 + "a" + closing * 101)

    assert refused.value.code == "cesql-too-deep"


def test_a_chain_of_sums_counts_as_depth_and_a_chain_of_clauses_does_not() -> None:
    parse("+".join(["a"] * 100))
    parse(" OR ".join(["a"] * 1_000))

    with pytest.raises(InvalidFilter) as refused:
        parse("+".join(["a"] * 102))

    assert refused.value.code == "cesql-too-deep"


def test_the_elements_of_a_set_are_bounded() -> None:
    parse(f"a IN ({','.join(['1'] * 1_000)})")

    with pytest.raises(InvalidFilter) as refused:
        parse(f"a IN ({','.join(['1'] * 1_001)})")

    assert (refused.value.code, refused.value.column) == ("cesql-too-long", 2_007)


def test_a_reader_with_other_names_brings_its_own_rule() -> None:
    desk = re.compile(r"(ce\.)?[a-z0-9_]+")

    tree = parse("ce.type = 'a' AND Dead_At > 1", desk)

    names = [node.name for node, _ in walk(tree) if isinstance(node, Attribute)]
    assert names == ["ce.type", "dead_at"]


def test_a_node_counts_its_column_from_one() -> None:
    assert Node(4, 7).column == 5
