"""A delivery that waits for what it has begun uses no attempt, and grows no older."""

from datetime import UTC, datetime, timedelta

from broker.delivery import Failed, OutcomeClass, Parked
from triggers.policy import Tried, decide
from triggers.trigger import DeliveryPolicy

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BEGUN = Failed(OutcomeClass.NOT_READY, "file job a is running", parked_seconds=3_600.0)


def test_it_waits_exactly_so_long_whatever_its_attempts_and_its_age() -> None:
    tried = Tried(attempt=99, wait_seconds=3_600.0, age_seconds=1e9)

    settlement = decide(BEGUN, tried, DeliveryPolicy(retry=0), NOW, jitter=0.3)

    assert settlement == Parked(
        NOW + timedelta(hours=1), 99, 3_600.0, "file job a is running", None, ages=False
    )


def test_what_cannot_even_begin_spares_its_sink() -> None:
    full = Failed(OutcomeClass.NOT_READY, "full", retry_after_seconds=5.0, parked_seconds=5.0)

    settlement = decide(full, Tried(1), DeliveryPolicy(), NOW, jitter=0.3)

    assert isinstance(settlement, Parked)
    assert settlement.hold_seconds == 5.0
