"""A mended sink is offered what failed before in steps that grow."""

from dataclasses import replace
from datetime import timedelta

from broker.delivery import Attempt
from tests.scenarios.house import BEGINNING
from tests.triggers.workshop import row
from triggers.mending import STEP, STEP_ROWS_MAX, Mending, age_when_taken
from triggers.pauses import Pauses


def attempt(seconds: float, wait_seconds: float | None = None) -> Attempt:
    return Attempt(
        number=1,
        started_at=BEGINNING + timedelta(seconds=seconds),
        duration_seconds=0.1,
        outcome_class="transient",
        status=503,
        message="HTTP 503",
        wait_seconds=wait_seconds,
    )


def test_each_step_is_twice_as_large_up_to_a_bound() -> None:
    mending = Mending(BEGINNING, 0.0)

    steps = [mending.step(BEGINNING + n * STEP) for n in range(8)]

    assert steps == [8, 16, 32, 64, 128, 256, 256, 256]
    assert max(steps) == STEP_ROWS_MAX


def test_what_failed_after_the_change_is_not_its_concern() -> None:
    mending = Mending(BEGINNING, 0.0)

    before = mending.concerns(row(1, attempts=(attempt(-1.0),)))
    after = mending.concerns(row(1, attempts=(attempt(-1.0), attempt(0.5))))

    assert (before, after) == (True, False)


def test_it_is_not_over_while_calls_to_the_old_sink_may_come_back() -> None:
    mending = Mending(BEGINNING, 60.0)

    assert not mending.is_over(BEGINNING + timedelta(seconds=59))
    assert mending.is_over(BEGINNING + timedelta(seconds=61))


def test_a_wait_that_was_cut_short_ages_nothing() -> None:
    due_at = BEGINNING + timedelta(seconds=100)
    parked = row(1, age_seconds=101.0, due_at=due_at, attempts=(attempt(0, 100.0),))

    taken = age_when_taken(parked, Pauses(), BEGINNING + timedelta(seconds=30))

    assert taken == replace(parked, age_seconds=31.0)


def test_a_pause_within_the_wait_ages_nothing_either() -> None:
    pauses = Pauses()
    pauses.begin(BEGINNING + timedelta(seconds=40))
    pauses.end(BEGINNING + timedelta(seconds=500))
    due_at = BEGINNING + timedelta(seconds=100)
    parked = row(1, age_seconds=101.0, due_at=due_at, attempts=(attempt(0, 100.0),))

    taken = age_when_taken(parked, pauses, BEGINNING + timedelta(seconds=500))

    assert taken.age_seconds == 41.0
