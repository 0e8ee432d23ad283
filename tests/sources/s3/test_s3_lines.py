"""A stream cut anywhere gives the same lines, and none without end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import Unavailable
from sources.s3.lines import LINE_BYTES_MAX, Lines

STREAM = b'{"Records":null}\n   {"Records":[1]}\n\r\n  \n{"Records":[2]}\n'
LINES = [b'{"Records":null}', b'{"Records":[1]}', b'{"Records":[2]}']


@given(st.lists(st.integers(0, len(STREAM)), max_size=10).map(sorted))
def test_wherever_a_stream_is_cut_its_lines_are_the_same(cuts: list[int]) -> None:
    lines = Lines()
    places = [0, *cuts, len(STREAM)]

    found = [line for start, end in pairwise(places) for line in lines.feed(STREAM[start:end])]

    assert found == LINES


def test_spaces_that_say_that_the_server_is_there_do_not_pile_up() -> None:
    lines = Lines()

    for _ in range(100):
        assert lines.feed(b" " * 64 * 1024) == []

    assert lines.feed(b"{}\n") == [b"{}"]


def test_a_line_without_end_ends_the_stream() -> None:
    lines = Lines()
    lines.feed(b"x" * LINE_BYTES_MAX)

    with pytest.raises(Unavailable) as caught:
        lines.feed(b"x")

    assert caught.value.code == "line-too-long"
