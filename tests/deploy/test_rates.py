"""Rates: from samples taken now and then, never per event."""

from deploy.rates import SAMPLE_SECONDS, Rates


def sampled(*counts: int) -> Rates:
    """Samples of `t`, five seconds apart; what goes out is a tenth of what comes in."""
    rates = Rates()
    for number, count in enumerate(counts):
        rates.sample("t", 100.0 + number * SAMPLE_SECONDS, count, count // 10)
    return rates


def test_a_rate_is_unknown_before_the_second_sample() -> None:
    assert sampled().per_second("t", 10.0) is None
    assert sampled(1).per_second("t", 10.0) is None


def test_a_rate_is_over_the_window_asked_for() -> None:
    rates = sampled(0, 0, 0, 100, 200)

    assert rates.per_second("t", 10.0) == (20.0, 2.0)
    assert rates.per_second("t", 60.0) == (10.0, 1.0)


def test_a_minute_is_kept_and_no_more() -> None:
    rates = sampled(*range(0, 100_000, 1_000))

    assert rates.per_second("t", 3_600.0) == rates.per_second("t", 60.0) == (200.0, 20.0)


def test_a_counter_that_falls_counts_as_still() -> None:
    assert sampled(50, 40).per_second("t", 10.0) == (0.0, 0.0)


def test_what_is_gone_is_forgotten() -> None:
    rates = sampled(0, 10)

    rates.keep(["another"])

    assert rates.per_second("t", 10.0) is None
