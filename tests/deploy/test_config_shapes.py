"""Shapes: what is right is taken, all that is wrong is noted, nothing is converted unasked."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pytest

from deploy.config.mistakes import InvalidValue
from deploy.config.shape_reader import Problem, read_shape
from deploy.config.shapes import Bounds, Judge, Read, Shape, camel_case


def _half(value: Any) -> float:
    if not isinstance(value, int):
        raise InvalidValue("cannot be halved", remedy="write a number")
    return value / 2


def _even(number: int) -> int:
    if number % 2:
        raise InvalidValue("is odd", remedy="add one")
    return number


class Inner(Shape):
    must_be: str
    may_be: bool = False


class Outer(Shape):
    inner: Inner | None = None
    word: Literal["a", "b", "c"] = "a"
    items: Annotated[Sequence[int], Bounds(1, 2)] | None = None
    texts: Mapping[str, str] | None = None
    half: Annotated[float, Read(_half)] = 0.5
    even: Annotated[int, Bounds(0, 10), Judge(_even)] = 2
    first: int | None = None
    second: int | None = None

    def judge(self) -> None:
        if {"first", "second"} <= vars(self).keys():
            raise InvalidValue("has two that exclude each other", remedy="remove one")


def problem(written: Any) -> Problem:
    """The one problem of what was written."""
    (found,) = read_shape(Outer, written)[1]
    return found


def test_what_was_not_given_has_its_default_and_is_told_apart() -> None:
    read, problems = read_shape(Outer, {"word": "a"})

    assert read is not None
    assert (read.word, read.half, read.inner, problems) == ("a", 0.5, None, [])
    assert vars(read) == {"word": "a"}


def test_a_value_goes_through_all_that_its_field_asks_for() -> None:
    written = {"half": 3, "even": 4, "items": [1, 2], "texts": {"a": "b"}}

    read, problems = read_shape(Outer, written)

    assert problems == []
    assert vars(read) == {"half": 1.5, "even": 4, "items": [1, 2], "texts": {"a": "b"}}


def test_what_was_given_comes_back_as_it_was_written() -> None:
    written = {"inner": {"mustBe": "x", "mayBe": True}, "items": [1], "first": None}

    read, _ = read_shape(Outer, written)

    assert read is not None
    assert read.as_written() == written


@pytest.mark.parametrize(
    ("written", "path", "what", "remedy"),
    [
        ([], (), "is a list instead of a mapping", "write a mapping"),
        ({"wrod": 1}, ("wrod",), "is no known field", "did you mean word?"),
        ({"inner": {}}, ("inner", "mustBe"), "is missing", "add it"),
        ({"inner": 1.5}, ("inner",), "is a number with a fraction instead of a mapping", ""),
        ({"inner": {"mustBe": "x", "mayBe": 1}}, ("inner", "mayBe"), "is a number instead", ""),
        ({"first": True}, ("first",), "is true or false instead of a whole number", ""),
        ({"word": "d"}, ("word",), "is none of the known values", "write 'a', 'b' or 'c'"),
        ({"items": []}, ("items",), "has too few items", "write at least 1"),
        ({"items": [1, 2, 3]}, ("items",), "has too many items", "write at most 2"),
        ({"items": [1, "x"]}, ("items", 1), "is text instead of a whole number", ""),
        ({"texts": {"a": None}}, ("texts", "a"), "is empty instead of text", "write text"),
        ({"texts": ["a"]}, ("texts",), "is a list instead of a mapping", ""),
        ({"half": "x"}, ("half",), "cannot be halved", "write a number"),
        ({"even": 3}, ("even",), "is odd", "add one"),
        ({"even": -1}, ("even",), "is too small", "write at least 0"),
        ({"even": 11}, ("even",), "is too large", "write at most 10"),
        ({"first": 1, "second": 2}, (), "has two that exclude each other", "remove one"),
    ],
)
def test_a_problem_has_its_place_and_remedy(
    written: Any, path: tuple[str | int, ...], what: str, remedy: str
) -> None:
    found = problem(written)

    assert found.path == path
    assert found.what.startswith(what)
    assert found.remedy.startswith(remedy)


def test_the_shape_is_made_of_what_is_right() -> None:
    written = {"first": 1, "even": 3, "items": [1, "x"], "inner": {"mayBe": True}, "more": 0}

    read, problems = read_shape(Outer, written)

    assert vars(read) == {"first": 1}
    assert sorted(found.path for found in problems) == [
        ("even",), ("inner", "mustBe"), ("items", 1), ("more",)
    ]  # fmt: skip


def test_there_is_no_shape_where_a_field_that_must_be_is_wrong() -> None:
    read, problems = read_shape(Inner, {"mustBe": 1})

    assert read is None
    assert [found.path for found in problems] == [("mustBe",)]


def test_after_a_mistake_in_a_part_nothing_is_said_of_the_whole() -> None:
    read, problems = read_shape(Outer, {"first": 1, "second": 2, "even": 3})

    assert read is None
    assert [found.path for found in problems] == [("even",)]


def test_fields_are_written_in_camel_case() -> None:
    assert camel_case("max_in_flight") == "maxInFlight"
    assert camel_case("retry") == "retry"
