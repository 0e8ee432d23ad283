"""How much of a wait was pause."""

from datetime import UTC, datetime, timedelta

from triggers.pauses import PAUSES_KEPT, Pauses

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_only_what_lies_within_the_wait_counts() -> None:
    pauses = Pauses()
    for begin, end in ((0, 10), (20, 30), (40, 50)):
        pauses.begin(after(begin))
        pauses.end(after(end))

    assert pauses.seconds_within(after(5), after(45)) == 5 + 10 + 5


def test_a_pause_that_lasts_counts_up_to_now() -> None:
    pauses = Pauses()
    pauses.begin(after(10))

    assert pauses.seconds_within(after(0), after(30)) == 20


def test_a_second_call_to_pause_does_not_begin_anew() -> None:
    pauses = Pauses()
    pauses.begin(after(10))
    pauses.begin(after(20))
    pauses.end(after(30))
    pauses.end(after(99))

    assert pauses.seconds_within(after(0), after(100)) == 20


def test_the_oldest_of_many_pauses_is_forgotten() -> None:
    pauses = Pauses()
    for number in range(PAUSES_KEPT + 1):
        pauses.begin(after(10 * number))
        pauses.end(after(10 * number + 1))

    assert pauses.seconds_within(after(0), after(1000)) == PAUSES_KEPT
