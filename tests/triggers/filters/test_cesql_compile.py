"""Compiled filters: what matches, what is refused, and agreement with complete evaluation."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from broker.errors import InvalidFilter
from broker.event import Event
from triggers.filters.cesql import compile_filter, evaluate, parse
from triggers.filters.cesql.fuse import fuse
from triggers.filters.cesql.types import type_of
from triggers.filters.filter import Key

MakeEvent = Callable[..., Event]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type = 't'", True),
        ("type = 'x'", False),
        ("ready = TRUE AND sequence > 5", True),
        ("sequence > '5'", True),
        ("sequence = 010", True),
        ("EXISTS type AND EXISTS subject", False),
        ("NOT EXISTS subject", True),
        ("subject = 'a'", False),
        ("subject != 'a'", False),
        ("NOT (subject = 'a')", False),
        ("subject NOT LIKE 'a%'", False),
        ("subject = 'a' OR type = 't'", False),
        ("type = 't' OR subject = 'a'", True),
        ("type = 'x' AND subject = 'a'", False),
        ("ready > 0", False),
        ("empty = ''", True),
        ("subject = ''", False),
        ("subject IN ('', 'a')", False),
        ("empty IN ('', 'a')", True),
        ("subject LIKE '%'", False),
        ("subject LIKE ''", False),
        ("empty LIKE '%'", True),
        ("type != 'x' AND type NOT LIKE 'x%' AND type NOT IN ('x')", True),
        ("type = 't' AND 'abc'", False),
        ("type = 't' AND ready", True),
        ("type = 't' AND 'ten' IN (1)", False),
        ("NOT 10", False),
        ("type = 't' XOR sequence = 1", True),
        ("LENGTH(CONCAT(type, sequence)) + 1 = 4", True),
        ("'10' = sequence AND 10 = sequence", True),
        ("UPPER(type) LIKE 'T' AND sequence % 4 = 2", True),
    ],
)
def test_a_filter_matches_where_the_expression_is_true_without_errors(
    make_event: MakeEvent, text: str, expected: bool
) -> None:
    event = make_event(sequence="10", ready="true", empty="")

    assert compile_filter(text).matches(event) is expected


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("subject", "cesql-not-boolean", 1),
        (" 1 + 1", "cesql-not-boolean", 2),
        ("LOWER(type)", "cesql-not-boolean", 1),
        ("type = LOWWER('x')", "cesql-missing-function", 8),
        ("TRUE OR ABS(1, 2) = 3", "cesql-missing-function", 9),
        ("type = ", "cesql-parse", 8),
    ],
)
def test_what_cannot_be_a_filter_is_refused_when_it_is_read(
    text: str, code: str, column: int
) -> None:
    with pytest.raises(InvalidFilter) as refused:
        compile_filter(text)

    assert (refused.value.code, refused.value.column) == (code, column)
    assert refused.value.remedy


def test_a_wrong_number_of_arguments_is_told_the_right_one() -> None:
    with pytest.raises(InvalidFilter, match="LEFT does not take 1 argument; write it with 2"):
        compile_filter("LEFT(type) = 'a'")


def exact(attribute: str, *values: str) -> tuple[Key, ...]:
    return tuple(Key(attribute, "exact", value) for value in values)


@pytest.mark.parametrize(
    ("text", "choices", "is_exact"),
    [
        ("type = 'a'", [exact("type", "a")], True),
        ("5 = type", [exact("type", "5")], True),
        ("type IN ('a', 'b', 'a', 5)", [exact("type", "a", "b", "5")], True),
        ("type LIKE 'a'", [exact("type", "a")], True),
        ("type LIKE 'a%'", [(Key("type", "prefix", "a"),)], True),
        ("type LIKE '%a'", [(Key("type", "suffix", "a"),)], True),
        ("type LIKE 'a%b'", [(Key("type", "prefix", "a"),), (Key("type", "suffix", "b"),)], False),
        ("type = 'a' AND source = 'b'", [exact("type", "a"), exact("source", "b")], False),
        ("type = 'a' AND n > 5", [exact("type", "a")], False),
        ("type = 'a' OR type = 'b'", [exact("type", "a", "b")], True),
        ("type = 'a' OR n = 'b'", [exact("type", "a") + exact("n", "b")], False),
        ("type = 'a' OR n > 1", [], False),
        ("type = 'a' XOR type = 'b'", [], False),
        ("NOT (type = 'a')", [], False),
        ("type != 'a'", [], False),
        ("type = 5", [], False),
        ("type = TRUE", [], False),
        ("type = source", [], False),
        ("type IN ('a', source)", [], False),
        ("'a' IN (type)", [], False),
        ("type NOT IN ('a')", [], False),
        ("type NOT LIKE 'a%'", [], False),
        ("LOWER(type) = 'a'", [], False),
        ("type LIKE '%'", [], False),
    ],
)
def test_only_what_a_match_needs_becomes_a_key(
    text: str, choices: list[tuple[Key, ...]], is_exact: bool
) -> None:
    read = compile_filter(text)

    assert list(read.key_choices) == choices
    assert read.keys == (choices[0] if choices else None)
    assert read.exact_keys is is_exact


def test_nothing_of_an_expression_becomes_source(make_event: MakeEvent) -> None:
    hostile = '__import__("os").abort() \\\n\') or exit({0}) #'
    text = "type = '" + hostile.replace("'", "\\'") + "'"

    assert compile_filter(text).matches(make_event(type=hostile)) is True
    assert compile_filter(text).matches(make_event()) is False


@pytest.mark.parametrize(
    ("opening", "core", "closing"),
    [
        ("NOT ", "type = 't'", ""),
        ("(1 + ", "n", ") > 0"),
        ("ABS(", "n", ") > 0"),
        ("CONCAT(type, ", "n", ") LIKE 't%'"),
        ("(TRUE XOR ", "type = 't'", ")"),
        ("(type = 't' AND ", "type NOT LIKE 'x_'", ")"),
    ],
)
def test_the_deepest_expression_is_compiled(
    make_event: MakeEvent, opening: str, core: str, closing: str
) -> None:
    event = make_event(n="-1")
    text = opening * 90 + core + closing[:1] * 89 + closing

    read = compile_filter(text)

    value, errors = evaluate(text, event.attributes)
    assert read.matches(event) is (value is True and not errors)
    assert fuse([(3, read)])(event) == ([3] if read.matches(event) else [])


NAMES = ["type", "source", "subject", "n", "flag", "empty"]
LITERALS = ["'t'", "'a'", "'ab'", "''", "'true'", "'7'", "0", "1", "7", "-3", "TRUE", "FALSE"]
PATTERNS = ["'%'", "'a%'", "'%b'", "'%a%'", "'a_'", "'a%b'", "'t'", "''"]
FUNCTIONS = ["LENGTH", "LOWER", "ABS", "INT", "BOOL", "STRING", "IS_INT", "IS_BOOL", "TRIM"]


def grown(inner: some.SearchStrategy[str]) -> some.SearchStrategy[str]:
    """Expressions made of smaller ones, every kind of node among them."""
    operators = some.sampled_from(["=", "!=", "<", "<=", ">", ">=", *"+-*/%", "AND", "OR", "XOR"])
    negation = some.sampled_from(["", "NOT "])
    return some.one_of(
        some.builds("({} {} {})".format, inner, operators, inner),
        some.builds("({} {} {})".format, some.sampled_from(NAMES), operators, inner),
        some.builds("({0} {1} {2} {1} {3})".format, inner, some.just("OR"), inner, inner),
        some.builds("({0} {1} {2} {1} {3})".format, inner, some.just("AND"), inner, inner),
        some.builds("(NOT {})".format, inner),
        some.builds("(-{})".format, inner),
        some.builds("({} {}LIKE {})".format, inner, negation, some.sampled_from(PATTERNS)),
        some.builds("({} {}IN ({}, {}))".format, inner, negation, inner, inner),
        some.builds("{}({})".format, some.sampled_from(FUNCTIONS), inner),
        some.builds("LEFT({}, {})".format, inner, inner),
    )


LEAVES = some.sampled_from(NAMES + LITERALS + [f"EXISTS {name}" for name in NAMES])
EXPRESSIONS = some.recursive(LEAVES, grown, max_leaves=12)
NAME = some.sampled_from(NAMES)
TEXT = some.sampled_from([text for text in LITERALS if text.startswith("'")])
PLAIN = some.one_of(  # what people write, and the index can use
    some.builds("{} = {}".format, NAME, TEXT),
    some.builds("{} = {}".format, TEXT, NAME),
    some.builds("{} IN ({}, {})".format, NAME, TEXT, some.sampled_from(LITERALS)),
    some.builds("{} LIKE {}".format, NAME, some.sampled_from(PATTERNS)),
    some.builds("(type = {} OR {} = {})".format, TEXT, NAME, TEXT),
    some.builds("(type LIKE {} OR type = {})".format, some.sampled_from(PATTERNS), TEXT),
    some.builds("{} {} {}".format, NAME, some.sampled_from([">", "<=", "!="]), some.just("5")),
)
CLAUSES = some.lists(some.one_of(EXPRESSIONS, PLAIN), min_size=1, max_size=3).map(
    lambda parts: " AND ".join(parts if len(parts) > 1 else [boolean(parts[0])])
)


def boolean(text: str) -> str:
    """`text` as an expression that may be a filter."""
    return text if type_of(parse(text), str) is bool else f"BOOL({text})"


VALUES = some.sampled_from(["t", "a", "ab", "", "true", "FALSE", "7", "-3", "007", "b a"])
ATTRIBUTES = some.dictionaries(some.sampled_from(NAMES), VALUES)


@settings(max_examples=600)
@given(CLAUSES, some.lists(ATTRIBUTES, min_size=1, max_size=4))
def test_a_compiled_filter_agrees_with_complete_evaluation(
    make_event: MakeEvent, text: str, many: list[dict[str, str]]
) -> None:
    read = compile_filter(text)
    fused = fuse([(5, read)])

    for event in (make_event(**attributes) for attributes in many):
        value, errors = evaluate(text, event.attributes)
        expected = value is True and not errors
        assert read.matches(event) is expected
        assert fused(event) == ([5] if expected else [])
        assert not expected or all(any_holds(keys, event) for keys in read.key_choices)
        assert not read.exact_keys or expected is any_holds(read.keys or (), event)


def any_holds(keys: tuple[Key, ...], event: Event) -> bool:
    """Whether one of `keys` is true of `event`, as the index understands them."""
    tests: dict[str, Callable[[str, str], bool]] = {
        "exact": str.__eq__,
        "prefix": str.startswith,
        "suffix": str.endswith,
    }
    return any(
        key.attribute in event.attributes
        and tests[key.kind](event.attributes[key.attribute], key.value)
        for key in keys
    )
