"""One line of `headrace cesql`: an expression and an event in, its value and errors out."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from broker.errors import InvalidFilter
from triggers.filters.cesql.evaluate import evaluate
from triggers.filters.cesql.parser import parse
from triggers.filters.cesql.values import INTEGER_MAX, INTEGER_MIN, Value

LINE_CHARACTERS_MAX: Final = 1_048_576

_DATA: Final = ("data", "data_base64")  # members of the JSON format that are no attributes


def answer_line(line: str) -> str:
    """`{"expression": …, "event": {…}}` to `{"value": …, "errors": […]}`, without line ends.

    The evaluation is complete and attributes have their JSON types. A line that is no
    such object gives False and `generic`; `message` then says why, as it does for `parse`.
    """
    try:
        expression, attributes = _question(line)
    except ValueError as error:
        return _answer(False, ["generic"], message=str(error))
    try:
        tree = parse(expression)
    except InvalidFilter as error:
        return _answer(False, ["parse"], message=f"column {error.column}: {error}")
    value, errors = evaluate(tree, attributes)
    return _answer(value, list(errors))


def _answer(value: Value, errors: list[str], **message: str) -> str:
    return orjson.dumps({"value": value, "errors": errors, **message}).decode()


def _question(line: str) -> tuple[str, Mapping[str, Value]]:
    """The expression and the attributes of `line`; ValueError says what is not as it should."""
    if len(line) > LINE_CHARACTERS_MAX:
        raise ValueError(f"the line is longer than {LINE_CHARACTERS_MAX} characters")
    try:
        question = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"the line is not JSON: {error}") from error
    if not isinstance(question, dict) or not isinstance(question.get("expression"), str):
        raise ValueError('the line must be an object with a text "expression"')
    event = question.get("event", {})
    if not isinstance(event, dict):
        raise ValueError('"event" must be an object of attributes')
    attributes = {
        name: _value(name, value)
        for name, value in event.items()
        # A null is an absent attribute (CloudEvents JSON format 2.2).
        if value is not None and name not in _DATA
    }
    return question["expression"], attributes


def _value(name: str, value: Any) -> Value:
    if isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
        raise ValueError(f"attribute {name!r} is no 32-bit integer")
    if isinstance(value, str | int):  # a Boolean is an int to Python
        return value
    raise ValueError(f"attribute {name!r} must be a string, an integer or a Boolean")
