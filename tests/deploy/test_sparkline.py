"""Counts as a line of blocks."""

from hypothesis import given
from hypothesis import strategies as st

from deploy.cli.sparkline import BLOCKS, NOTHING, sparkline


def test_the_highest_is_full_and_nothing_is_a_dot() -> None:
    assert sparkline([0, 1, 400, 800], 4) == "·▁▄█"


def test_neighbours_are_summed_where_there_is_less_room() -> None:
    assert sparkline([1, 1, 0, 0, 4, 0], 3) == "▄·█"


@given(st.lists(st.integers(0, 10**9), min_size=24, max_size=24), st.sampled_from([6, 12, 24]))
def test_every_column_says_whether_there_was_something(counts: list[int], columns: int) -> None:
    line = sparkline(counts, columns)

    each = 24 // columns
    some = [any(counts[at : at + each]) for at in range(0, 24, each)]
    assert [block != NOTHING for block in line] == some
    assert set(line) <= {NOTHING, *BLOCKS}
