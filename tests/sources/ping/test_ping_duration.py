"""Durations as Go writes them."""

from datetime import timedelta

import pytest

from broker.errors import Invalid
from sources.ping.duration import period_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1h30m", 5_400), ("1.5h", 5_400), ("1500ms", 1.5), ("1m0.5s", 60.5), ("1s", 1)],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, seconds: float) -> None:
    assert period_of(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "1 h", "-1s", "PT5M", "1d", "1s5", "999ms", "0s"])
def test_what_is_none_or_shorter_than_a_second_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        period_of(text)

    assert caught.value.code == "invalid-schedule"
    assert "@every" in (caught.value.remedy or "")


def test_a_period_of_more_than_ten_years_is_refused() -> None:
    with pytest.raises(Invalid, match="ten years"):
        period_of("87601h")
