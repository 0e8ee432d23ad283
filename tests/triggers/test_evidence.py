"""Evidence: real attempts are kept, waits for a variant are one line."""

from dataclasses import replace
from datetime import timedelta

from broker.delivery import Attempt, Failed, OutcomeClass
from tests.scenarios.house import BEGINNING
from tests.triggers.workshop import row
from triggers.evidence import keep_attempts, waited_seconds_of, waits_apart
from triggers.policy import APART

REAL = Attempt(1, BEGINNING, 1.0, "transient", 504, "late", wait_seconds=0.2, why="exponential")
AWAY = Failed(OutcomeClass.NOT_READY, "asleep", parked_seconds=1.0, apart_max_seconds=60.0)


def waited(minutes: int) -> Attempt:
    at = BEGINNING + timedelta(minutes=minutes)
    return Attempt(2, at, 0.0, "not_ready", None, "asleep", wait_seconds=60.0, why=APART)


def test_of_waits_for_a_variant_in_a_row_only_the_last_is_kept() -> None:
    kept = keep_attempts((REAL,))
    for minutes in range(100):
        kept = keep_attempts((*kept, waited(minutes)))

    assert kept == (REAL, waited(99))


def test_a_row_waits_apart_as_long_as_that_was_the_last() -> None:
    apart = row(1, attempts=(REAL, waited(1)))

    assert waits_apart(apart)
    assert not waits_apart(replace(apart, attempts=(REAL, waited(1), REAL)))
    assert not waits_apart(row(1))
    assert not waits_apart(None)


def test_waits_for_a_variant_and_for_other_causes_do_not_add_up() -> None:
    apart = row(1, attempts=(waited(1),), wait_seconds=500.0)
    backed_off = row(1, attempts=(REAL,), wait_seconds=8.0)
    overload = Failed(OutcomeClass.OVERLOAD, "429")

    assert [waited_seconds_of(one, AWAY) for one in (apart, backed_off)] == [500.0, 0.0]
    assert [waited_seconds_of(one, overload) for one in (apart, backed_off)] == [0.0, 8.0]
