"""policy.decide: every row of its table, the waits, and what no answer may do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.delivery import DONE, Dead, Delivered, Failed, Held, OutcomeClass, Parked, Reason
from triggers.policy import Tried, decide, longest_wait_seconds, wished_wait_seconds
from triggers.trigger import DeliveryPolicy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = DeliveryPolicy()


def transient(**facts: object) -> Failed:
    return Failed(OutcomeClass.TRANSIENT, "HTTP 500", status=500, **facts)  # type: ignore[arg-type]


def test_a_delivered_event_is_done() -> None:
    assert decide(Delivered(), Tried(1), POLICY, NOW, 0.5) is DONE


def test_each_refusal_parks_the_delivery_twice_as_long() -> None:
    waits = [longest_wait_seconds(POLICY, retry) for retry in (1, 2, 3)]

    assert waits == [0.2, 0.4, 0.8]


def test_linear_backoff_grows_by_its_delay() -> None:
    policy = DeliveryPolicy(backoff_policy="linear", backoff_delay_seconds=3.0)

    assert [longest_wait_seconds(policy, retry) for retry in (1, 2, 3)] == [3.0, 6.0, 9.0]


def test_no_wait_is_longer_than_the_cap() -> None:
    assert longest_wait_seconds(POLICY, 10_000) == POLICY.backoff_max_seconds


def test_the_jitter_draws_from_half_to_all_of_the_wait() -> None:
    shortest = decide(transient(), Tried(1), POLICY, NOW, 0.0)
    longest = decide(transient(), Tried(1), POLICY, NOW, 1.0)

    assert isinstance(shortest, Parked)
    assert isinstance(longest, Parked)
    assert shortest.until - NOW == timedelta(seconds=0.1)
    assert longest.until - NOW == timedelta(seconds=0.2)


def test_the_last_retry_that_fails_is_a_dead_letter() -> None:
    policy = DeliveryPolicy(retry=2)

    second = decide(transient(), Tried(2), policy, NOW, 0.5)
    third = decide(transient(), Tried(3), policy, NOW, 0.5)

    assert isinstance(second, Parked)
    assert second.attempt == 3
    assert third == Dead(Reason.ATTEMPTS)


def test_bad_input_is_dead_at_once() -> None:
    bad = Failed(OutcomeClass.BAD_INPUT, "no petals")

    assert decide(bad, Tried(1), POLICY, NOW, 0.5) == Dead(Reason.BAD_INPUT)


def test_a_failure_that_names_its_reason_dies_of_it_and_may_pause() -> None:
    gone = Failed(OutcomeClass.CONFIG, "HTTP 410", status=410, reason=Reason.REFUSED, pause=True)

    assert decide(gone, Tried(1), POLICY, NOW, 0.5) == Dead(Reason.REFUSED, pause=True)


@pytest.mark.parametrize("kind", [OutcomeClass.OVERLOAD, OutcomeClass.NOT_READY])
def test_an_overloaded_or_sleeping_sink_uses_no_attempt_and_doubles_the_wait(
    kind: OutcomeClass,
) -> None:
    settlement = decide(Failed(kind, "busy"), Tried(99, wait_seconds=4.0), POLICY, NOW, 1.0)

    assert isinstance(settlement, Parked)
    assert settlement.attempt == 99
    assert settlement.until - NOW == timedelta(seconds=8)


def test_what_waits_for_its_target_is_held_whatever_came_before() -> None:
    away = Failed(OutcomeClass.NOT_READY, "asleep", is_held=True)

    assert decide(away, Tried(99, age_seconds=1e9), POLICY, NOW, 0.5) == Held()


def test_a_wrong_configuration_holds_the_delivery_and_pauses_the_trigger() -> None:
    wrong = Failed(OutcomeClass.CONFIG, "no such path", status=405)

    assert decide(wrong, Tried(1), POLICY, NOW, 0.5) == Held(pause=True)


@pytest.mark.parametrize(("alike", "wait_seconds"), [(0, 5), (1, 30)])
def test_waits_of_the_sink_count_in_place_of_the_backoff(alike: int, wait_seconds: int) -> None:
    doubted = Failed(OutcomeClass.SUSPECT, "500", waits_seconds=(5.0, 30.0))

    settlement = decide(doubted, Tried(3, alike=alike), POLICY, NOW, 0.0)

    assert isinstance(settlement, Parked)
    assert (settlement.until - NOW).total_seconds() == wait_seconds


def test_a_failure_that_comes_once_oftener_than_the_sink_waits_is_dead() -> None:
    doubted = Failed(OutcomeClass.SUSPECT, "500", waits_seconds=(5.0, 30.0))

    assert decide(doubted, Tried(3, alike=2), POLICY, NOW, 0.0) == Dead(Reason.ATTEMPTS)


def test_a_wish_longer_than_the_backoff_is_waited_for_and_holds_the_target() -> None:
    settlement = decide(transient(retry_after_seconds=30.0), Tried(1), POLICY, NOW, 0.0)

    assert isinstance(settlement, Parked)
    assert settlement.until - NOW == timedelta(seconds=30)
    assert settlement.hold_seconds == 30.0


def test_an_absurd_wish_is_cut_to_the_longest_allowed() -> None:
    assert wished_wait_seconds(1e12, POLICY, 0.0) == 0.9 * POLICY.retry_after_max_seconds
    assert wished_wait_seconds(1e12, POLICY, 1.0) == POLICY.retry_after_max_seconds


def test_a_delivery_whose_next_attempt_would_come_after_max_age_is_dead() -> None:
    policy = DeliveryPolicy(max_age_seconds=10.0)

    settlement = decide(transient(), Tried(1, age_seconds=9.95), policy, NOW, 1.0)

    assert settlement == Dead(Reason.AGE)


outcomes = st.builds(
    Failed,
    st.sampled_from(list(OutcomeClass)),
    st.text(max_size=5),
    status=st.none() | st.integers(100, 999),
    retry_after_seconds=st.none() | st.floats(0, 1e9),
)
policies = st.builds(
    DeliveryPolicy,
    retry=st.integers(0, 50),
    backoff_policy=st.sampled_from(["exponential", "linear"]),
    backoff_delay_seconds=st.floats(0, 100),
    backoff_max_seconds=st.floats(0, 1000),
    max_age_seconds=st.floats(1, 1e6),
)
tries = st.builds(Tried, st.integers(1, 60), st.floats(0, 1000), st.floats(0, 1e5))


@given(outcomes, tries, policies, st.floats(0, 1))
def test_every_failure_is_parked_within_its_bounds_or_dead(
    failed: Failed, tried: Tried, policy: DeliveryPolicy, jitter: float
) -> None:
    settlement = decide(failed, tried, policy, NOW, jitter)

    assert isinstance(settlement, Parked | Dead | Held)
    if isinstance(settlement, Parked):
        wait = (settlement.until - NOW).total_seconds()
        assert 0 <= wait <= max(policy.backoff_max_seconds, policy.retry_after_max_seconds) + 1e-3
        assert wait <= settlement.wait_seconds + 1e-3
        assert settlement.attempt in {tried.attempt, tried.attempt + 1}
        assert settlement.attempt <= max(policy.retry + 1, tried.attempt)


@given(tries, policies, st.floats(0, 1))
def test_a_transient_failure_ends_within_its_retries(
    tried: Tried, policy: DeliveryPolicy, jitter: float
) -> None:
    settlement = decide(transient(), tried, policy, NOW, jitter)

    if tried.attempt > policy.retry:
        assert isinstance(settlement, Dead)
