"""Ranges of offsets: the same answers as sets of offsets give."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from triggers.ranges import Range, between, beyond, is_within, joined

OFFSETS = st.sets(st.integers(1, 40))


def spread(ranges: tuple[Range, ...]) -> set[int]:
    return {offset for first, last in ranges for offset in range(first, last + 1)}


@given(OFFSETS)
def test_joined_offsets_are_the_same_offsets_in_as_few_ranges_as_can_be(offsets: set[int]) -> None:
    ranges = joined(offsets)

    assert spread(ranges) == offsets
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(ranges))


@given(OFFSETS, st.integers(0, 41))
def test_an_offset_is_within_if_one_of_the_ranges_holds_it(offsets: set[int], offset: int) -> None:
    assert is_within(joined(offsets), offset) == (offset in offsets)


@given(OFFSETS, st.integers(0, 41))
def test_what_is_beyond_an_end_is_cut_there(offsets: set[int], end: int) -> None:
    assert spread(beyond(joined(offsets), end)) == {one for one in offsets if one > end}


@given(OFFSETS.filter(bool), st.integers(0, 10))
def test_between_open_offsets_all_is_settled_up_to_the_end(offsets: set[int], more: int) -> None:
    end = max(offsets) + more

    first, gaps = between(sorted(offsets), end)

    assert first == min(offsets)
    assert spread(gaps) == set(range(first, end + 1)) - offsets
