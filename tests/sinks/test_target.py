import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.delivery import Delivered, Failed, Outcome, OutcomeClass
from sinks.target import Target, TargetState, strains


def a_target() -> Target:
    return Target("sink", lambda: 0.5)


def opened(target: Target, now: float = 100.0) -> float:
    """Fail until it opens; gives the time when it may be probed."""
    for _ in range(20):
        assert target.admit(now) == 0.0
        target.record(now, failed=True)
    assert target.state is TargetState.OPEN
    return target.admit(now)


def in_ramp() -> tuple[Target, float]:
    target = a_target()
    now = opened(target)
    assert target.admit(now) == 0.0
    target.record(now, failed=False)
    return target, now


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Delivered(None, 202), False),
        (Failed(OutcomeClass.TRANSIENT, "no answer"), True),
        (Failed(OutcomeClass.OVERLOAD, "", status=429), True),
        (Failed(OutcomeClass.TRANSIENT, "", status=503, retry_after_seconds=1.0), True),
        (Failed(OutcomeClass.TRANSIENT, "", status=503), False),
        (Failed(OutcomeClass.TRANSIENT, "", status=500), False),
        (Failed(OutcomeClass.BAD_INPUT, "", status=422), False),
        (Failed(OutcomeClass.BAD_INPUT, "a bad field, found before any call"), False),
        (Failed(OutcomeClass.SUSPECT, "the model failed"), True),
    ],
)
def test_only_signs_of_trouble_strain_a_target(outcome: Outcome, expected: bool) -> None:
    assert strains(outcome) is expected


def test_nineteen_failures_are_too_few_to_open() -> None:
    target = a_target()

    for _ in range(19):
        target.record(100.0, failed=True)

    assert target.state is TargetState.READY
    assert target.admit(100.0) == 0.0


def test_less_than_half_failing_does_not_open() -> None:
    target = a_target()

    for number in range(300):
        target.record(100.0 + number / 50, failed=number % 5 in (0, 1))

    assert target.state is TargetState.READY


def test_failures_older_than_the_window_are_forgotten() -> None:
    target = a_target()
    for _ in range(19):
        target.record(100.0, failed=True)

    target.record(111.0, failed=True)

    assert target.state is TargetState.READY


def test_open_lasts_a_second_and_half_as_long_again_after_each_probe_up_to_thirty() -> None:
    target, waits = a_target(), []
    now = 100.0
    opened(target, now)
    for _ in range(11):
        until = target.admit(now)
        waits.append(round(until - now, 1))
        now = until
        assert target.admit(now) == 0.0
        target.record(now, failed=True)

    assert waits == [1.0, 1.5, 2.2, 3.4, 5.1, 7.6, 11.4, 17.1, 25.6, 30.0, 30.0]


def test_one_probe_goes_and_the_others_wait() -> None:
    target = a_target()
    now = opened(target)

    admitted = [target.admit(now) for _ in range(5)]

    assert admitted[0] == 0.0
    assert all(until > now for until in admitted[1:])
    assert target.state is TargetState.PROBING


def test_a_probe_that_never_comes_back_gives_way_to_another() -> None:
    target = a_target()
    now = opened(target)
    target.admit(now)

    assert target.admit(now + 59.0) > now + 59.0
    assert target.admit(now + 60.0) == 0.0


def test_a_good_probe_starts_a_ramp_of_ten_a_second() -> None:
    target, now = in_ramp()

    first, second = target.admit(now), target.admit(now)

    assert target.state is TargetState.RAMP
    assert first == 0.0
    assert second == pytest.approx(now + 0.1)


def test_the_ramp_doubles_each_half_second_while_calls_wait() -> None:
    target, now = in_ramp()
    rates = []
    for _ in range(5):
        now += 0.5
        while target.admit(now) == 0.0:
            target.record(now, failed=False)
        rates.append(target.rate_per_second)

    assert rates == pytest.approx([20.0, 40.0, 80.0, 160.0, 320.0])


def test_the_ramp_ends_when_nobody_had_to_wait_for_a_second() -> None:
    target, now = in_ramp()

    target.admit(now + 0.9)
    before = target.state
    target.admit(now + 1.0)

    assert (before, target.state) == (TargetState.RAMP, TargetState.READY)
    assert target.rate_per_second == float("inf")


def test_overload_slows_the_ramp_which_then_grows_slowly() -> None:
    target, now = in_ramp()
    target.admit(now + 1.0)
    before = target.rate_per_second

    target.record(now + 1.0, failed=True)
    after = target.rate_per_second
    target.admit(now + 2.0)

    assert after == pytest.approx(before * 0.7)
    assert target.rate_per_second == pytest.approx(after * 1.05)


def test_a_ramp_that_fails_opens_again() -> None:
    target, now = in_ramp()

    for _ in range(20):
        target.record(now, failed=True)

    assert target.state is TargetState.OPEN


def test_how_long_it_is_held_is_told_while_it_is() -> None:
    target = a_target()
    assert target.held_seconds(100.0) == 0.0

    target.hold(105.0)

    assert [target.held_seconds(now) for now in (100.0, 104.0, 106.0)] == [5.0, 1.0, 0.0]


def test_a_hold_keeps_all_back_until_its_longest_end_and_returns_by_a_ramp() -> None:
    target = a_target()

    target.hold(105.0)
    target.hold(103.0)

    states = [target.state]
    assert target.admit(104.9) == 105.0
    assert target.admit(105.0) == 0.0
    assert [*states, target.state] == [TargetState.HOLDING, TargetState.RAMP]


def test_a_hold_within_the_ramp_goes_on_slower_not_from_the_beginning() -> None:
    target = a_target()
    target.hold(100.0)
    for number in range(2_000):
        target.admit(100.0 + number / 1_000)
    reached = target.rate_per_second

    target.hold(103.0)
    target.admit(103.0)

    assert target.state is TargetState.RAMP
    assert target.rate_per_second == pytest.approx(0.7 * reached)


def test_a_pause_keeps_all_back_for_good_and_resume_goes_on() -> None:
    target = a_target()

    target.pause()
    paused = (target.admit(1e9), target.state)
    target.resume()

    assert paused == (float("inf"), TargetState.PAUSED)
    assert (target.admit(1e9), target.state) == (0.0, TargetState.READY)


def herd(target: Target, seed: int, limit: float, pending: int) -> tuple[float, int]:
    """A sink down for 10 s, back with `limit` a second: seconds to drain, overload answers."""
    now, down_until, tokens, filled_at = 100.0, 110.0, 30.0, 110.0
    in_flight: list[tuple[float, bool]] = []
    overloads = 0
    while pending or in_flight:
        while pending and len(in_flight) < 32 and not target.admit(now):
            pending -= 1
            answered_at = now + 0.005
            served = answered_at >= down_until
            if served:
                tokens = min(30.0, tokens + (answered_at - filled_at) * limit)
                filled_at = answered_at
                served = tokens >= 1.0
                overloads += not served
                tokens -= served
            heapq.heappush(in_flight, (answered_at, served))
        now += 0.001
        while in_flight and in_flight[0][0] <= now:
            _, served = heapq.heappop(in_flight)
            target.record(now, failed=not served)
            pending += not served
    return now - down_until, overloads


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_herd_comes_back_at_the_pace_of_its_sink(seed: int) -> None:
    target = Target("sink", random.Random(seed).random)

    drained_seconds, overloads = herd(target, seed, limit=300.0, pending=5_000)

    assert drained_seconds <= 25.0
    assert overloads <= 50


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 2), st.booleans(), st.booleans()), max_size=300))
def test_whatever_happened_a_healthy_sink_is_ready_again(
    story: list[tuple[float, bool, bool]],
) -> None:
    target, now = a_target(), 100.0
    for passed, failed, holds in story:
        now += passed
        if target.admit(now) == 0.0:
            target.record(now, failed)
        if holds:
            target.hold(now + 1.0)

    for _ in range(20_000):
        now += 0.02
        if target.admit(now) == 0.0:
            target.record(now, failed=False)
        if target.state is TargetState.READY:
            break

    assert target.state is TargetState.READY
    assert target.admit(now) == 0.0
