"""`headrace cesql`: every line is answered, whatever it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from triggers.filters.cesql.lines import answer_line


def ask(expression: Any, event: Any) -> Any:
    return json.loads(answer_line(json.dumps({"expression": expression, "event": event})))


def test_a_line_gives_the_value_and_no_errors() -> None:
    answer = answer_line('{"expression": "count + 1", "event": {"id": "1", "count": 2}}')

    assert answer == '{"value":3,"errors":[]}'


def test_errors_are_named_and_the_value_is_there_all_the_same() -> None:
    assert ask("1 / missing = 1 / 0", {}) == {
        "value": False,
        "errors": ["missingAttribute", "math"],
    }


def test_attributes_have_their_types_a_null_is_absent_and_data_is_none() -> None:
    event = {"ready": True, "count": 5, "name": "a", "gone": None, "data": {"a": 1}}

    assert ask("ready", event)["value"] is True
    assert ask("count", event)["value"] == 5
    assert ask("EXISTS gone OR EXISTS data", event)["value"] is False


def test_an_expression_that_cannot_be_read_is_told_the_column() -> None:
    answer = ask("type == 'a'", {"type": "a"})

    assert (answer["value"], answer["errors"]) == (False, ["parse"])
    assert answer["message"].startswith("column 6: there is no operator ==")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"expression": 5, "event": {}}',
        '{"expression": "TRUE", "event": []}',
        '{"expression": "TRUE", "event": {"a": 1.5}}',
        '{"expression": "TRUE", "event": {"a": [1]}}',
        '{"expression": "TRUE", "event": {"a": 2147483648}}',
        '{"expression": "TRUE", "event": {"a": 1e400}}',
        '{"expression": "\\ud800", "event": {}}',
        "[" * 100_000,
        "x" * 1_048_577,
    ],
)
def test_a_malformed_line_is_a_generic_error_with_a_reason(line: str) -> None:
    answer = json.loads(answer_line(line))

    assert (answer["value"], answer["errors"]) == (False, ["generic"])
    assert answer["message"]


@given(some.text(max_size=60), some.text(max_size=60))
def test_no_text_makes_it_fail(line: str, expression: str) -> None:
    for text in (line, json.dumps({"expression": expression, "event": {"a": line}})):
        assert set(json.loads(answer_line(text))) >= {"value", "errors"}
