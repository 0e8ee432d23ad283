"""Breaker: different events within a window, and what does not count."""

from broker.delivery import OutcomeClass
from sinks.inference_spec import BreakerSpec
from sinks.target_breaker import CALLS_KEPT, Breaker


def test_half_of_twenty_events_failed_opens_it() -> None:
    breaker = Breaker(BreakerSpec())
    for _ in range(10):
        breaker.good(0.0)

    opened = [breaker.failed(0.0, [str(n)], OutcomeClass.SUSPECT) for n in range(10)]

    assert opened == [False] * 9 + [True]


def test_too_few_events_say_nothing() -> None:
    breaker = Breaker(BreakerSpec(min_calls=20))

    assert not any(breaker.failed(0.0, [str(n)], OutcomeClass.SUSPECT) for n in range(19))


def test_what_failed_before_the_window_is_forgotten() -> None:
    breaker = Breaker(BreakerSpec(window_seconds=30.0))
    for number in range(19):
        breaker.failed(0.0, [str(number)], OutcomeClass.SUSPECT)

    assert not breaker.failed(31.0, ["another"], OutcomeClass.SUSPECT)


def test_an_event_that_fails_again_in_the_window_counts_once() -> None:
    breaker = Breaker(BreakerSpec())

    assert not any(breaker.failed(float(n) / 10, ["one"], OutcomeClass.SUSPECT) for n in range(99))


def test_a_batch_that_breaks_off_is_one_broken_call() -> None:
    breaker = Breaker(BreakerSpec(consecutive=2, min_calls=100))

    first = breaker.failed(0.0, ["a", "b", "c"], OutcomeClass.TRANSIENT)
    second = breaker.failed(0.0, ["d", "e"], OutcomeClass.TRANSIENT)

    assert (first, second) == (False, True)


def test_refusals_and_absences_are_no_failures() -> None:
    breaker = Breaker(BreakerSpec(consecutive=1))

    for found in (OutcomeClass.BAD_INPUT, OutcomeClass.NOT_READY, OutcomeClass.CONFIG):
        assert not breaker.failed(0.0, ["a"], found)


def test_its_memory_is_bounded() -> None:
    breaker = Breaker(BreakerSpec(ratio=0.9))

    for number in range(3 * CALLS_KEPT):
        breaker.good(0.0)
        breaker.failed(0.0, [str(number)], OutcomeClass.SUSPECT)

    assert len(breaker._calls) == CALLS_KEPT
    assert len(breaker._failing) <= CALLS_KEPT
