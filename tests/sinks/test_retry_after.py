from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.retry_after import retry_after_seconds

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), (" 7 ", 7.0), ("3600", 3600.0)])
def test_digits_are_seconds(value: str, seconds: float) -> None:
    assert retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "-1", "1.5", "+3", "1e3", "soon", "٣", "Mon, 04 May 2026 11:59:59 GMT", "Mon, 99 May"],
)
def test_anything_else_is_no_wish(value: str) -> None:
    assert retry_after_seconds(value, NOW) is None


@given(st.integers(1, 10**8))
def test_a_date_to_come_is_the_seconds_until_then(seconds: int) -> None:
    value = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)

    assert retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize("apart", [timedelta(days=365), -timedelta(days=365), timedelta()])
def test_a_date_is_reckoned_from_the_sinks_own(apart: timedelta) -> None:
    theirs = NOW + apart
    value, date = (
        format_datetime(moment, usegmt=True) for moment in (theirs + timedelta(seconds=5), theirs)
    )

    assert retry_after_seconds(value, NOW, date) == 5.0


@given(st.text(max_size=60))
def test_no_text_raises_or_gives_a_negative_wait(value: str) -> None:
    wait_seconds = retry_after_seconds(value, NOW, value)

    assert wait_seconds is None or 0.0 <= wait_seconds < 1e12


def test_an_absurd_number_is_a_long_wait_not_an_error() -> None:
    assert retry_after_seconds("9" * 5_000, NOW) == 999_999_999.0
