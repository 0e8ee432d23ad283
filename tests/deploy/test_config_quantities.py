"""Durations, sizes, rates and times as people write them."""

from datetime import UTC, datetime

import pytest

from deploy.config.mistakes import InvalidValue
from deploy.config.quantities import duration_seconds, moment, rate_per_second, size_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT0.2S", 0.2),
        ("PT5M", 300.0),
        ("PT1H30M", 5_400.0),
        ("P1D", 86_400.0),
        ("P2W", 1_209_600.0),
        ("P1DT12H", 129_600.0),
        ("PT0S", 0.0),
    ],
)
def test_a_duration_is_iso_8601_in_fixed_units(text: str, seconds: float) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1D", "pt5s", "PT5", "PT-5S", "PT1S1M", "P1DT", "PT٣S", 5, True, None],
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue, match="is no duration"):
        duration_seconds(text)


@pytest.mark.parametrize("text", ["P1M", "P1Y", "P1Y2M3D"])
def test_months_and_years_are_refused_with_the_reason(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        duration_seconds(text)

    assert "no fixed length" in str(refused.value.remedy)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("5s", "write PT5S"), ("10m", "write PT10M"), ("200ms", "write PT0.2S"), ("2d", "write P2D"),
     (60, "write PT60S")],
)  # fmt: skip
def test_a_shorthand_is_refused_with_how_to_write_it(text: object, remedy: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        duration_seconds(text)

    assert refused.value.remedy == remedy


def test_a_duration_over_ten_years_is_refused() -> None:
    with pytest.raises(InvalidValue, match="ten years"):
        duration_seconds("P3651D")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1Mi", 2**20),
        ("10Gi", 10 * 2**30),
        ("1k", 1_000),
        ("500", 500),
        (500, 500),
        ("1.5Ki", 1_536),
    ],
)
def test_a_size_is_a_number_with_a_power_of_1000_or_1024(text: object, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["", "1K", "1MB", "-1", "1 Mi", "0", 0, -5, "1.5", True, None, "9" * 15 + "Ti"]
)
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue):
        size_bytes(text)


@pytest.mark.parametrize(
    ("text", "rate"), [("300/m", 5.0), ("5/s", 5.0), ("36/h", 0.01), (2, 2.0), (0.5, 0.5)]
)
def test_a_rate_is_events_per_second_or_text_with_its_unit(text: object, rate: float) -> None:
    assert rate_per_second(text) == pytest.approx(rate)


@pytest.mark.parametrize(
    "text", ["", "5", "5/d", "-5/s", "0/s", 0, -1, True, float("inf"), float("nan")]
)
def test_what_is_no_rate_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue, match="is no rate"):
        rate_per_second(text)


def test_a_time_is_given_in_utc() -> None:
    found = moment("2026-01-31T12:00:00.123456789+02:00")

    assert found == datetime(2026, 1, 31, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-02-30T12:00:00Z",
        "now",
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_a_time_without_offset_or_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        moment(text)
