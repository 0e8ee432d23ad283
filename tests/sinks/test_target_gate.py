"""Gate: each step between ready, asleep and broken; time and chance are ours."""

import pytest

from broker.delivery import OutcomeClass
from sinks.inference_spec import BreakerSpec, HoldSpec
from sinks.target import TargetState
from sinks.target_gate import Entry, Gate


def gate(hold: HoldSpec | None = None, breaker: BreakerSpec | None = None) -> Gate:
    return Gate(hold or HoldSpec(), breaker or BreakerSpec(), lambda: 0.5)


def test_a_ready_model_lets_every_call_in() -> None:
    one = gate()

    assert [one.enter(0.0), one.enter(0.0)] == [Entry.USUAL, Entry.USUAL]


def test_a_model_that_is_away_is_asked_by_one_call_after_a_while() -> None:
    one = gate()

    one.away(0.0, "503", unreachable=False)

    assert one.enter(0.1) is None
    assert [one.enter(0.2), one.enter(0.2)] == [Entry.WAKE, None]
    assert one.state is TargetState.WAKING


def test_the_waits_double_with_each_waking_in_vain() -> None:
    one, waits, now = gate(), [], 0.0

    for _ in range(9):
        one.away(now, "503", unreachable=False)
        waits.append(round(one.until - now, 3))
        now = one.until
        one.enter(now)

    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0]


def test_calls_that_were_on_their_way_do_not_make_the_wait_longer() -> None:
    one = gate()
    one.away(0.0, "503", unreachable=False)
    until = one.until

    one.away(0.05, "503", unreachable=False)

    assert one.until == until


def test_it_learns_how_long_a_cold_start_takes_and_keeps_the_last_holds() -> None:
    one = gate()
    one.away(0.0, "503", unreachable=False)
    one.enter(0.2)

    was_away = one.good(12.2)

    assert was_away
    assert one.cold_start_seconds == pytest.approx(12.0)
    assert [(hold.began_at, hold.ended_at, hold.wakes) for hold in one.holds] == [(0.0, 12.2, 1)]


def test_since_when_it_is_away_ends_with_the_first_success() -> None:
    one = gate()
    one.away(5.0, "503", unreachable=False)
    one.enter(6.0)
    one.away(6.0, "503", unreachable=False)

    before = one.away_since
    one.enter(60.0)
    one.good(60.0)

    assert (before, one.away_since) == (5.0, None)


def test_a_wake_that_breaks_off_is_no_success() -> None:
    one = gate()
    one.away(0.0, "503", unreachable=False)
    one.enter(0.2)

    one.failed(0.3, ["a"], OutcomeClass.TRANSIENT)

    assert one.state is TargetState.HOLDING


def test_a_wake_that_is_refused_shows_that_it_is_awake() -> None:
    one = gate()
    one.away(0.0, "503", unreachable=False)
    one.enter(0.2)

    is_held = one.refused(0.3, "a")

    assert (is_held, one.state) == (False, TargetState.READY)


def test_five_events_that_break_off_in_a_row_open_it_and_probes_take_longer_and_longer() -> None:
    one, now, waits = gate(), 0.0, []
    for number in range(5):
        one.failed(0.0, [str(number)], OutcomeClass.TRANSIENT)

    for _ in range(6):
        waits.append(round(one.until - now, 1))
        now = one.until
        assert one.enter(now) is Entry.PROBE
        one.failed(now, ["x"], OutcomeClass.TRANSIENT)

    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]


def test_one_poison_event_never_opens_it() -> None:
    one = gate()

    for _ in range(100):
        one.failed(0.0, ["poison"], OutcomeClass.TRANSIENT)

    assert one.state is TargetState.READY


def test_a_probe_that_succeeds_closes_it() -> None:
    one = gate(breaker=BreakerSpec(consecutive=1))
    one.failed(0.0, ["a"], OutcomeClass.TRANSIENT)
    one.enter(2.0)

    assert one.good(2.1)
    assert one.state is TargetState.READY


def test_twenty_different_events_refused_in_a_row_open_it_and_the_last_is_held() -> None:
    one = gate()

    held = [one.refused(0.0, str(number)) for number in range(20)]

    assert held == [False] * 19 + [True]
    assert one.state is TargetState.OPEN


def test_a_success_between_refusals_shows_that_events_are_to_blame() -> None:
    one = gate()

    held = []
    for number in range(60):
        held.append(one.refused(0.0, str(number)))
        if number % 10 == 0:
            one.good(0.0)

    assert not any(held)


def test_an_idle_model_is_taken_to_sleep_where_the_spec_says_so() -> None:
    one = gate(HoldSpec(assume_asleep_after_seconds=90.0))
    one.enter(0.0)
    one.good(1.0)

    assert one.enter(80.0) is Entry.USUAL
    assert one.enter(171.0) is Entry.WAKE


def test_a_call_that_told_nothing_leaves_it_asleep() -> None:
    one = gate()
    one.away(0.0, "503", unreachable=False)
    entry = one.enter(0.2)
    assert entry is not None

    one.leave(entry, 0.2)

    assert one.state is TargetState.HOLDING
    assert one.enter(1.0) is Entry.WAKE
