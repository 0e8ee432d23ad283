"""What autoscalers are told: whether a model should run, and how many times."""

import pytest

from deploy.models.scale import Load, desired_replicas, is_active
from sinks.inference_spec import HoldSpec, ScaleSpec

SCALE = ScaleSpec(target_concurrency=4, drain_seconds=60.0, min_replicas=0, max_replicas=10)
COALESCED = HoldSpec(wake_min_events=20, wake_max_wait_seconds=300.0)


@pytest.mark.parametrize(
    ("load", "desired"),
    [
        (Load(0, 0), 0),
        (Load(1, 0), 1),  # nobody knows yet what a call takes
        (Load(0, 9), 3),
        (Load(6_000, 0, batch_records=10.0, service_seconds=0.5), 2),  # 5 calls at once, 4 each
        (Load(6_000, 4, batch_records=10.0, service_seconds=0.5), 3),
        (Load(10**9, 0, batch_records=1.0, service_seconds=1.0), 10),
    ],
)
def test_so_many_run_that_the_backlog_ends_in_time(load: Load, desired: int) -> None:
    assert desired_replicas(load, SCALE, is_active(load, HoldSpec())) == desired


def test_never_fewer_than_the_least() -> None:
    assert desired_replicas(Load(0, 0), SCALE._replace(min_replicas=2), active=False) == 2


@pytest.mark.parametrize(
    ("load", "active"),
    [
        (Load(19, 0, oldest_age_seconds=299.0, is_asleep=True), False),
        (Load(20, 0, oldest_age_seconds=1.0, is_asleep=True), True),
        (Load(1, 0, oldest_age_seconds=300.0, is_asleep=True), True),
        (Load(0, 1, is_asleep=True), True),
        (Load(1, 0), True),  # awake: one is enough
        (Load(0, 0), False),
    ],
)
def test_a_sleeping_model_runs_for_enough_events_or_for_one_that_waits_long(
    load: Load, active: bool
) -> None:
    assert is_active(load, COALESCED) is active


def test_without_a_longest_wait_only_the_count_wakes() -> None:
    asleep = Load(1, 0, oldest_age_seconds=10_000.0, is_asleep=True)

    assert not is_active(asleep, HoldSpec(wake_min_events=2))
