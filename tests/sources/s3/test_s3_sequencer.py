"""Which of two changes of one object was the earlier one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.s3.sequencer import is_before

HEXADECIMAL = st.text("0123456789ABCDEF", min_size=1, max_size=24)


@pytest.mark.parametrize(
    ("one", "other", "is_earlier"),
    [
        ("0055AED6DCD90281E4", "0055AED6DCD90281E5", True),
        ("0055AED6DCD90281E5", "0055AED6DCD90281E4", False),
        ("0055AED6DCD90281E5", "0055AED6DCD90281E5", False),
        ("0055AED6DC", "0055AED6DCD90281E5", True),
        ("0055AED6DD", "0055AED6DCD90281E5", False),  # not by length: zeros come on its right
        ("12", "1200", False),
        ("0055aed6dc", "0055AED6DD", True),
        ("", "0055AED6DC", True),
    ],
)
def test_the_shorter_is_filled_up_on_its_right(one: str, other: str, is_earlier: bool) -> None:
    assert is_before(one, other) is is_earlier


@given(HEXADECIMAL, HEXADECIMAL)
def test_of_two_that_differ_one_is_the_earlier(one: str, other: str) -> None:
    is_same = one.rstrip("0") == other.rstrip("0")

    assert is_before(one, other) + is_before(other, one) == (0 if is_same else 1)


@given(st.lists(HEXADECIMAL, min_size=3, max_size=3))
def test_what_is_before_is_before_all_that_follows(three: list[str]) -> None:
    first, second, third = sorted(three, key=lambda one: one.ljust(24, "0"))

    assert not is_before(second, first)
    assert not is_before(third, second)
    assert not is_before(third, first)
