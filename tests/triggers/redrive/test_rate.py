"""The rate of a job, whenever it may ask: kept in the long run, hardly exceeded in a second."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triggers.redrive.rate import Rate


def moments(per_second: float, looks: list[float]) -> list[float]:
    """When each is taken, by one who asks for all he can get at each look."""
    rate, taken = Rate(per_second), list[float]()
    for now in looks:
        while rate.take(now) == 0.0:
            taken.append(now)
    return taken


def busiest(taken: list[float]) -> int:
    """The most within a second."""
    return max(sum(first <= at < first + 1.0 for at in taken) for first in taken)


def looks_of(seed: int, late_seconds: float, seconds: float) -> list[float]:
    """Now and then one is late."""
    chance, now, found = Random(seed), 0.0, list[float]()
    while now < seconds:
        now += late_seconds if chance.random() < 0.02 else 0.03
        found.append(now)
    return found


@pytest.mark.parametrize("per_second", [1.0, 50.0, 200.0])
@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_however_late_a_look_is_the_rate_is_kept(per_second: float, seed: int) -> None:
    looks = looks_of(seed, 0.3, seconds=30.0)

    taken = moments(per_second, looks)

    assert len(taken) == pytest.approx(30.0 * per_second, rel=0.1, abs=2)


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_in_no_second_are_many_more(seed: int) -> None:
    looks = looks_of(seed, 3.0, seconds=30.0)

    taken = moments(20.0, looks)

    assert busiest(taken) <= 20 * 1.05 * 1.15 + 1


def test_what_was_kept_back_for_long_is_made_up_for_in_part() -> None:
    looks = [0.0, *(600.0 + number / 50 for number in range(50 * 600))]

    taken = moments(10.0, looks)

    assert 6_000 + 90 <= len(taken) <= 6_000 + 110
