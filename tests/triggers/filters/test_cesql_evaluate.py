"""Complete evaluation: every rule of the language as an expression, its value and errors."""

import pytest

from triggers.filters.cesql import evaluate, parse, trace
from triggers.filters.cesql.values import Value

EVENT: dict[str, Value] = {
    "id": "7",
    "type": "com.example.flower",
    "sequence": "10",
    "count": 10,
    "ready": True,
    "flag": "True",
    "empty": "",
}

VALUES: list[tuple[str, Value]] = [
    # names and literals
    ("TYPE", "com.example.flower"),
    ("tYpE = 'com.example.flower' and TrUe", True),
    ("+5 - +3", 2),
    ("-2147483648", -2147483648),
    (r"'it\'s'", "it's"),
    (r"'a\"b'", r"a\"b"),
    (r"'a\\b'", r"a\\b"),
    # precedence
    ("2 + 3 * 4 - 6 / 2", 11),
    ("10 - 4 - 3", 3),
    ("-2 * -3", 6),
    ("NOT TRUE = FALSE", True),
    ("1 + 1 = 2 AND 2 > 1", True),
    ("TRUE OR FALSE AND FALSE", False),
    ("TRUE XOR TRUE XOR TRUE", True),
    ("NOT 'true' LIKE 'fal%'", True),
    ("NOT EXISTS missing", True),
    ("1 + 1 IN (1)", 2),
    ("TRUE = type LIKE 'com%'", True),
    ("1 < 2 = TRUE", True),
    # arithmetic
    ("-7 / 2", -3),
    ("7 / -2", -3),
    ("-7 % 3", -1),
    ("7 % -3", 1),
    # casting
    ("sequence = 10", True),
    ("sequence = '10'", True),
    ("10 = sequence", True),
    ("'010' = 10", True),
    ("10 = '010'", False),
    ("count = '10'", True),
    ("flag = TRUE", True),
    ("TRUE = flag", False),
    ("ready = TRUE", True),
    ("5 = TRUE", True),
    ("0 = TRUE", False),
    ("TRUE + TRUE", 2),
    ("'3' < '20'", True),
    ("1 AND 'true'", True),
    ("INT('+5')", 5),
    ("BOOL(-1)", True),
    ("STRING(-1)", "-1"),
    ("IS_INT('5')", True),
    ("IS_INT(TRUE)", True),
    ("IS_INT('five')", False),
    ("IS_BOOL('FaLsE')", True),
    ("IS_BOOL(3)", True),
    ("IS_BOOL('yes')", False),
    # IN: the left operand's type decides
    ("sequence IN (10)", True),
    ("'010' IN (10)", False),
    ("count IN ('010')", True),
    ("TRUE IN ('TRUE')", True),
    ("count NOT IN (1, 2)", True),
    ("type IN (empty, type)", True),
    # LIKE
    ("type LIKE 'COM%'", False),
    ("12 LIKE '1_'", True),
    ("type NOT LIKE '%flower'", False),
    # functions
    ("LENGTH('häß')", 3),
    ("LENGTH(1000)", 4),
    ("CONCAT(1, TRUE, 'x')", "1truex"),
    ("CONCAT_WS('-')", ""),
    ("TRIM('\u2003 x\u00a0')", "x"),
    ("lower('ÄB')", "äb"),
    ("LEFT('abc', 0)", ""),
    ("RIGHT('abc', 0)", ""),
    ("SUBSTRING('abc', -3)", "abc"),
    ("SUBSTRING('abc', 3)", "c"),
    ("SUBSTRING('abc', 2, 0)", ""),
    ("SUBSTRING('abc', 2, 9)", "bc"),
    ("SUBSTRING('abc', 0, 2)", ""),
    ("ABS('-3')", 3),
    # what AND and OR leave out adds no error
    ("FALSE AND missing", False),
    ("TRUE OR nosuch(1)", True),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_an_expression_gives_a_value_without_errors(text: str, expected: Value) -> None:
    value, errors = evaluate(text, EVENT)

    assert (type(value), value, errors) == (type(expected), expected, ())


FAILURES: list[tuple[str, Value, tuple[str, ...]]] = [
    ("1 != 1 / 0", False, ("math",)),
    ("2147483647 + 1", 0, ("math",)),
    ("-2147483648 - 1", 0, ("math",)),
    ("65536 * 32768", 0, ("math",)),
    ("-2147483648 / -1", 0, ("math",)),
    ("--2147483648", 0, ("math",)),
    ("ABS(-2147483648) = 1", False, ("math",)),
    ("'ten' = 10", False, ("cast",)),
    ("'ten' != 10", False, ("cast",)),
    ("'yes' = TRUE", False, ("cast",)),
    ("'a' < 'b'", False, ("cast",)),
    ("INT('2147483648')", 0, ("cast",)),
    ("INT(' 5')", 0, ("cast",)),
    ("INT('1_000')", 0, ("cast",)),
    ("INT('٣')", 0, ("cast",)),
    ("INT('')", 0, ("cast",)),
    ("INT('-')", 0, ("cast",)),
    ("NOT 'maybe'", False, ("cast",)),
    ("NOT 10", True, ("cast",)),
    ("NOT 0", True, ("cast",)),
    ("1 IN (1, 'x')", False, ("cast",)),
    ("1 NOT IN (2, 'x')", False, ("cast",)),
    ("missing", False, ("missingAttribute",)),
    ("1 / missing", 0, ("missingAttribute",)),
    ("UPPER(missing)", "", ("missingAttribute",)),
    ("LENGTH(missing)", 0, ("missingAttribute",)),
    ("IS_INT(missing)", False, ("missingAttribute",)),
    ("CONCAT('a', missing)", "", ("missingAttribute",)),
    ("missing IN ('a')", False, ("missingAttribute",)),
    ("type IN (type, missing)", False, ("missingAttribute",)),
    ("type NOT IN (missing)", False, ("missingAttribute",)),
    ("missing NOT LIKE 'a'", False, ("missingAttribute",)),
    ("missing != 'a'", False, ("missingAttribute",)),
    ("missing AND TRUE", False, ("missingAttribute",)),
    ("missing OR TRUE", False, ("missingAttribute",)),
    ("TRUE XOR missing", False, ("missingAttribute",)),
    ("LEFT('abc', -1)", "abc", ("functionEvaluation",)),
    ("LENGTH(LEFT('abc', -1))", 0, ("functionEvaluation",)),
    ("SUBSTRING('abc', 4)", "", ("functionEvaluation",)),
    ("SUBSTRING('abc', -4)", "", ("functionEvaluation",)),
    ("SUBSTRING('abc', 1, -1)", "", ("functionEvaluation",)),
    ("nosuch('a')", False, ("missingFunction",)),
    ("ABS(1, 2)", False, ("missingFunction",)),
    ("1 + nosuch()", 0, ("missingFunction",)),
    ("missing = 1 / 0", False, ("missingAttribute", "math")),
    ("missing = 1 OR 'x' > 1 OR 1 / 0 = 1", False, ("missingAttribute", "cast", "math")),
    ("missing + missing", 0, ("missingAttribute",)),
    ("1 +", False, ("parse",)),
    ("'open", False, ("parse",)),
    ("2147483648", False, ("parse",)),
]


@pytest.mark.parametrize(("text", "expected", "names"), FAILURES)
def test_a_failure_gives_the_zero_value_and_its_name(
    text: str, expected: Value, names: tuple[str, ...]
) -> None:
    value, errors = evaluate(text, EVENT)

    assert (type(value), value, errors) == (type(expected), expected, names)


def test_attributes_keep_their_own_types() -> None:
    assert evaluate("count", EVENT) == (10, ())
    assert evaluate("ready", EVENT) == (True, ())
    assert evaluate("empty", EVENT) == ("", ())


def test_a_trace_has_a_step_for_each_node_that_was_looked_at() -> None:
    text = "sequence > 5 AND missing = 1 AND ready"

    steps = trace(parse(text), EVENT)

    told = [(text[step.node.start : step.node.end], step.value, step.errors) for step in steps]
    assert told == [
        ("sequence", "10", ()),
        ("5", 5, ()),
        ("sequence > 5", True, ()),
        ("missing", False, ("missingAttribute",)),
        ("1", 1, ()),
        ("missing = 1", False, ("missingAttribute",)),
        (text, False, ("missingAttribute",)),
    ]
