"""Pointers lead where RFC 6901 says; what CESQL has no type for is its JSON text."""

import pytest

from tests.triggers.where.letters import letter
from triggers.where.pointer import is_pointer, json_of, point

# The examples of RFC 6901, section 5.
DOCUMENT = {
    "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5,
    'k"l': 6, " ": 7, "m~n": 8,
}  # fmt: skip


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/foo", '["bar","baz"]'), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2),
        ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6), ("/ ", 7), ("/m~0n", 8),
    ],
)  # fmt: skip
def test_the_examples_of_the_standard(pointer: str, expected: object) -> None:
    assert is_pointer(pointer)
    assert point(DOCUMENT, pointer) == expected


@pytest.mark.parametrize("pointer", ["/foo/2", "/foo/-", "/foo/01", "/foo/x", "/no", "/a~1b/c"])
def test_what_is_not_there_is_missing(pointer: str) -> None:
    assert point(DOCUMENT, pointer) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (None, None), (1.5, "1.5"), (1 << 40, str(1 << 40)), ({"a": 1}, '{"a":1}')],
)
def test_values_are_those_of_cesql(value: object, expected: object) -> None:
    assert point({"x": value}, "/x") == expected


@pytest.mark.parametrize(
    ("content_type", "is_read"),
    [("application/json", True), ("application/vnd.x+json; charset=utf-8", True),
     ("text/json", True), ("application/jsonl", False), ("application/xml", False)],
)  # fmt: skip
def test_data_is_read_where_it_says_that_it_is_json(content_type: str, is_read: bool) -> None:
    event = letter(b'{"a": 1}', attributes={"datacontenttype": content_type}).event

    assert (json_of(event) is not None) == is_read
